//! Who may call, over the wire.

use bedrock::sigv4::{self, CredentialScope, SecretKey};
use http::Method;
use server::ServerError;
use server::keys::{CreatedKey, KeyKind, KeyStore, NewKey, Right, Rights};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::harness::*;

pub(crate) fn add(server: &Server, kind: KeyKind, rights: Rights) -> CreatedKey {
    let new = NewKey { name: String::new(), account: "123456789012".to_owned(), rights, kind };
    KeyStore::open(&server.dir.path().join("data")).unwrap().add(new).unwrap()
}

#[tokio::test]
async fn web_pages_are_refused_where_there_are_no_keys() {
    let server = Server::start().await;
    let cases = [
        ("host", "evil.example"),
        ("host", "127.0.0.1.nip.example:80"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (name, value) in cases {
        let mut request = server.post(&format!("/model/{MODEL}/converse"), &ask("Hi", 1));
        request.headers_mut().insert(name, value.parse().unwrap());
        let (status, code, message) = server.send(request).await.error();
        assert_eq!((status, code.as_str()), (403, "AccessDeniedException"), "{name}: {value}");
        assert!(message.contains("web pages"), "{message}");
    }
    assert_eq!(server.counter("tokens_generated").await, 0);
}

#[tokio::test]
async fn http2_authority_is_guarded_too() {
    let server = Server::start().await;
    let mut sender = server.h2().await;
    let request = http::Request::post(format!("http://evil.example/model/{MODEL}/converse"))
        .body(http_body_util::Full::new(ask("Hi", 1).to_string().into()))
        .unwrap();
    let answer = Answer::of(sender.send_request(request).await.unwrap()).await;
    assert_eq!(answer.error().0, 403);
}

#[tokio::test]
async fn keys_are_asked_for_as_soon_as_there_is_one() {
    let server = Server::start().await;
    assert_eq!(server.converse(&ask("Hi", 1)).await.status, 200);
    let key = add(&server, KeyKind::ApiKey, Rights::NONE.with(Right::Invoke));
    let (status, code, _) = server.converse(&ask("Hi", 1)).await.error();
    assert_eq!((status, code.as_str()), (403, "MissingAuthenticationTokenException"));
    let send = async |path: &str, method: Method| {
        let mut request = server.request(method, path, ask("Hi", 1).to_string());
        let bearer = format!("Bearer {}", key.secret.expose());
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        server.send(request).await
    };
    let converse = format!("/model/{MODEL}/converse");
    let answer = send(&converse, Method::POST).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-outcrop-auth"), "");
    let (status, _, message) = send("/foundation-models", Method::GET).await.error();
    assert_eq!(status, 403);
    assert!(message.contains("'control'"), "{message}");
    assert_eq!(send("/outcrop/counters", Method::GET).await.status, 403);
    KeyStore::open(&server.dir.path().join("data")).unwrap().revoke(&key.id).unwrap();
    assert_eq!(send(&converse, Method::POST).await.error().0, 403);
}

#[tokio::test]
async fn signatures_are_verified_over_http1_and_http2() {
    let server = Server::start().await;
    let key = add(&server, KeyKind::SigV4, Rights::all());
    let body = ask("Hi", 1).to_string();
    let path = format!("/model/{}/converse", MODEL.replace(':', "%3A"));
    let host = server.address.to_string();

    let request = signed(&server, &key, &path, &body, "bedrock");
    let tampered =
        request.clone().map(|_| http_body_util::Full::new(ask("Ho", 1).to_string().into()));
    assert_eq!(server.send(request).await.status, 200);
    let (status, code, _) = server.send(tampered).await.error();
    assert_eq!((status, code.as_str()), (403, "InvalidSignatureException"));

    let target = Target { path: &path, host: &host, authority: true, service: "bedrock" };
    let (header, date) = sign(&key, &target, body.as_bytes());
    let request = http::Request::post(format!("http://{host}{path}"))
        .header("authorization", header)
        .header("x-amz-date", date)
        .body(http_body_util::Full::new(body.into()))
        .unwrap();
    let answer = Answer::of(server.h2().await.send_request(request).await.unwrap()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// A signed POST over HTTP/1.1.
pub(crate) fn signed(
    server: &Server,
    key: &CreatedKey,
    path: &str,
    body: &str,
    service: &str,
) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let host = server.address.to_string();
    let target = Target { path, host: &host, authority: false, service };
    let (header, date) = sign(key, &target, body.as_bytes());
    let mut request = server.request(Method::POST, path, body.to_owned());
    request.headers_mut().insert("authorization", header.parse().unwrap());
    request.headers_mut().insert("x-amz-date", date.parse().unwrap());
    request
}

/// What a signature is for. With an authority it signs `:authority` as HTTP/2 clients do.
struct Target<'a> {
    path: &'a str,
    host: &'a str,
    authority: bool,
    service: &'a str,
}

/// The `Authorization` and `x-amz-date` of a request made now.
fn sign(key: &CreatedKey, target: &Target<'_>, body: &[u8]) -> (String, String) {
    let Target { path, host, authority, service } = *target;
    let authority = authority.then_some(host);
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let date = OffsetDateTime::now_utc().format(format).unwrap();
    let mut headers = vec![("x-amz-date", date.as_bytes())];
    if authority.is_none() {
        headers.push(("host", host.as_bytes()));
    }
    let names = [if authority.is_some() { ":authority" } else { "host" }, "x-amz-date"];
    let request =
        sigv4::Request { method: "POST", path, query: "", headers: &headers, authority, body };
    let scope = CredentialScope {
        date: date[..8].to_owned(),
        region: "us-east-1".to_owned(),
        service: service.to_owned(),
    };
    let secret = SecretKey::new(key.secret.expose().to_owned());
    (sigv4::sign(&request, &names, &key.id, &secret, &scope).unwrap(), date)
}

#[tokio::test]
async fn another_address_needs_keys_before_it_is_listened_on() {
    let dir = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let all = |config: &mut server::Config| config.listen = "0.0.0.0:0".parse().unwrap();
    let refused = Server::in_dir(dir.clone(), fake(), all).await;
    assert!(matches!(refused, Err(ServerError::KeysNeeded(_))));
}

#[tokio::test]
async fn a_data_folder_has_one_server() {
    let server = Server::start().await;
    let second = Server::in_dir(server.dir.clone(), fake(), |_| ()).await;
    assert!(matches!(second, Err(ServerError::DataDirInUse(_))));
}

#[tokio::test]
async fn the_control_plane_needs_its_right_and_the_use_of_a_profile_does_not() {
    let server = Server::start().await;
    let control = add(&server, KeyKind::ApiKey, Rights::NONE.with(Right::Control));
    let invoke = add(&server, KeyKind::ApiKey, Rights::NONE.with(Right::Invoke));
    let send = async |key: &CreatedKey, method: Method, path: &str, body: String| {
        let mut request = server.request(method, path, body);
        let bearer = format!("Bearer {}", key.secret.expose());
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        server.send(request).await
    };
    let body = crate::profiles::copy_of(MODEL, "us-east-1").to_string();
    let made = send(&control, Method::POST, "/inference-profiles", body.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let arn = made.json()["inferenceProfileArn"].as_str().unwrap().to_owned();
    assert!(arn.contains(":123456789012:"), "the key's account: {arn}");
    for (method, path) in [
        (Method::POST, "/inference-profiles"),
        (Method::GET, "/inference-profiles"),
        (Method::GET, &format!("/inference-profiles/{arn}")),
        (Method::DELETE, &format!("/inference-profiles/{arn}")),
        (Method::POST, "/tagResource"),
        (Method::POST, "/untagResource"),
        (Method::POST, "/listTagsForResource"),
    ] {
        let (status, _, message) = send(&invoke, method.clone(), path, body.clone()).await.error();
        assert_eq!(status, 403, "{method} {path}");
        assert!(message.contains("'control'"), "{message}");
    }
    let converse = format!("/model/{arn}/converse");
    let ask = ask("Hi", 1).to_string();
    assert_eq!(send(&invoke, Method::POST, &converse, ask.clone()).await.status, 200);
    assert_eq!(send(&control, Method::POST, &converse, ask).await.error().0, 403);
}
