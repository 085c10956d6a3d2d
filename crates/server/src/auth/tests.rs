use super::*;
use crate::Config;
use crate::keys::{CreatedKey, KeyKind, NewKey};

const LOOPBACK: &str = "127.0.0.1:4646";

struct Fixture {
    dir: tempfile::TempDir,
    auth: Auth,
}

fn fixture(listen: &str) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::new(dir.path().to_owned());
    let auth = Auth::new(KeyStore::open(dir.path()).unwrap(), &config, listen.parse().unwrap());
    Fixture { dir, auth }
}

impl Fixture {
    fn add(&self, kind: KeyKind) -> CreatedKey {
        let rights = Rights::NONE.with(Right::Invoke);
        let new = NewKey { name: String::new(), account: "123456789012".to_owned(), rights, kind };
        KeyStore::open(self.dir.path()).unwrap().add(new).unwrap()
    }
}

fn parts(headers: &[(&str, &str)]) -> Parts {
    let mut request = http::Request::post("/model/x/converse").header("host", LOOPBACK);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn unsigned(access_key: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/20261124/eu-west-1/bedrock/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={}",
        "0".repeat(64)
    )
}

fn signed(key: &CreatedKey, date: &str, body: &[u8]) -> Parts {
    let headers = [("host", LOOPBACK.as_bytes()), ("x-amz-date", date.as_bytes())];
    let request = sigv4::Request {
        method: "POST",
        path: "/model/x/converse",
        query: "",
        headers: &headers,
        authority: None,
        body,
    };
    let scope = sigv4::CredentialScope {
        date: date[..8].to_owned(),
        region: "eu-west-1".to_owned(),
        service: "bedrock".to_owned(),
    };
    let secret = SecretKey::new(key.secret.expose().to_owned());
    let header = sigv4::sign(&request, &["host", "x-amz-date"], &key.id, &secret, &scope).unwrap();
    parts(&[("authorization", &header), ("x-amz-date", date)])
}

#[test]
fn without_keys_any_credentials_pass_on_loopback() {
    let fixture = fixture(LOOPBACK);
    assert!(fixture.auth.is_open());
    let account =
        |headers: &[(&str, &str)]| fixture.auth.identify(&parts(headers)).unwrap().caller.account;
    assert_eq!(account(&[]), NO_ACCOUNT);
    assert_eq!(account(&[("authorization", "Bearer whatever")]), NO_ACCOUNT);
    assert_eq!(account(&[("authorization", &unsigned("AKIDEXAMPLE"))]), NO_ACCOUNT);
    let who =
        fixture.auth.identify(&parts(&[("authorization", &unsigned("111122223333"))])).unwrap();
    assert_eq!(
        (who.caller.account.as_str(), who.caller.region.as_str()),
        ("111122223333", "eu-west-1")
    );
    assert!(who.service.as_deref() == Some("bedrock"));
    who.verify(&parts(&[]), b"", OffsetDateTime::UNIX_EPOCH).unwrap();
}

#[test]
fn without_keys_web_pages_and_nonsense_are_refused() {
    let fixture = fixture(LOOPBACK);
    let kind = |headers: &[(&str, &str)]| fixture.auth.identify(&parts(headers)).unwrap_err().kind;
    assert_eq!(kind(&[("origin", "https://evil.example")]), ErrorKind::AccessDenied);
    assert_eq!(kind(&[("authorization", "Basic eDp5")]), ErrorKind::IncompleteSignature);
}

#[test]
fn without_keys_another_address_is_closed() {
    let fixture = fixture("192.0.2.1:4646");
    assert!(!fixture.auth.is_open());
    let error = fixture.auth.identify(&parts(&[])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::MissingAuthenticationToken);
}

#[test]
fn with_keys_only_keys_pass() {
    let fixture = fixture(LOOPBACK);
    let made = fixture.add(KeyKind::ApiKey);
    assert!(!fixture.auth.is_open());
    let bearer = format!("Bearer {}", made.secret.expose());
    let who = fixture.auth.identify(&parts(&[("authorization", &bearer)])).unwrap();
    assert_eq!((who.caller.account.as_str(), &who.caller.key_id), ("123456789012", &made.id));
    who.caller.require(Right::Invoke).unwrap();
    assert_eq!(who.caller.require(Right::Control).unwrap_err().kind, ErrorKind::AccessDenied);
    let kind = |headers: &[(&str, &str)]| fixture.auth.identify(&parts(headers)).unwrap_err().kind;
    assert_eq!(kind(&[]), ErrorKind::MissingAuthenticationToken);
    assert_eq!(kind(&[("authorization", "Bearer outcrop-wrong")]), ErrorKind::AccessDenied);
    assert_eq!(kind(&[("authorization", &unsigned(&made.id))]), ErrorKind::UnrecognizedClient);
}

#[test]
fn signatures_cover_time_and_body() {
    let fixture = fixture(LOOPBACK);
    let made = fixture.add(KeyKind::SigV4);
    let now = time::macros::datetime!(2026-11-24 01:00:00 UTC);
    let request = signed(&made, "20261124T010000Z", b"body");
    let who = fixture.auth.identify(&request).unwrap();
    assert_eq!(who.caller.region, "eu-west-1");
    who.verify(&request, b"body", now).unwrap();
    let kind = |body: &[u8], now| who.verify(&request, body, now).unwrap_err().kind;
    assert_eq!(kind(b"other", now), ErrorKind::InvalidSignature);
    assert_eq!(kind(b"body", now + time::Duration::minutes(6)), ErrorKind::InvalidSignature);
}

#[test]
fn revoking_the_last_key_closes_the_door() {
    let fixture = fixture(LOOPBACK);
    let made = fixture.add(KeyKind::ApiKey);
    KeyStore::open(fixture.dir.path()).unwrap().revoke(&made.id).unwrap();
    assert!(fixture.auth.identify(&parts(&[])).is_err());
}

#[test]
fn region_comes_from_the_host_if_nothing_is_signed() {
    let region = |host: &str| {
        let request = http::Request::post("/x").header("host", host).body(()).unwrap();
        region_of_host(&request.into_parts().0)
    };
    assert_eq!(region("bedrock-runtime.eu-west-1.amazonaws.com").as_deref(), Some("eu-west-1"));
    assert_eq!(region("bedrock.us-gov-west-1.example:4646").as_deref(), Some("us-gov-west-1"));
    assert_eq!(region("127.0.0.1:4646"), None);
    assert_eq!(region("my-host-1x.example"), None);
}

#[test]
fn other_services_are_refused_by_name() {
    for door in [Door::Bedrock, Door::OpenAi, Door::Anthropic] {
        require_service(Some("bedrock"), door).unwrap();
        require_service(None, door).unwrap();
        let error = require_service(Some("s3"), door).unwrap_err();
        assert!(error.message.contains("'s3'"));
        let mantle = require_service(Some("bedrock-mantle"), door);
        assert_eq!(mantle.is_ok(), door != Door::Bedrock);
    }
}

#[test]
fn an_api_key_in_anthropics_header_opens_anthropics_door_only() {
    let fixture = fixture(LOOPBACK);
    let made = fixture.add(KeyKind::ApiKey);
    let identify = |path: &str, key: &str| {
        let request = http::Request::post(path).header("host", LOOPBACK).header("x-api-key", key);
        fixture.auth.identify(&request.body(()).unwrap().into_parts().0)
    };
    let who = identify("/anthropic/v1/messages", made.secret.expose()).unwrap();
    assert_eq!(who.caller.key_id, made.id);
    let wrong = identify("/anthropic/v1/messages", "outcrop-wrong").unwrap_err();
    assert_eq!(wrong.subject, Some(Subject::Credentials));
    let elsewhere = identify("/model/x/converse", made.secret.expose()).unwrap_err();
    assert_eq!(elsewhere.kind, ErrorKind::MissingAuthenticationToken);
}
