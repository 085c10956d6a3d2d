//! Clients that go away, come back, read slowly, or speak TLS.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use server::Tls;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::harness::*;

const STEP: Duration = Duration::from_millis(5);

fn attempt(
    mut request: Request<Full<Bytes>>,
    number: u32,
    invocation: &str,
) -> Request<Full<Bytes>> {
    let text = format!("attempt={number}; max=3");
    request.headers_mut().insert("amz-sdk-request", text.parse().unwrap());
    request.headers_mut().insert("amz-sdk-invocation-id", invocation.parse().unwrap());
    request
}

fn path(stream: bool) -> String {
    format!("/model/{MODEL}/converse{}", if stream { "-stream" } else { "" })
}

/// Sends a request and closes the connection once tokens were generated.
async fn go_away(server: &Server, request: Request<Full<Bytes>>) {
    let before = server.counter("tokens_generated").await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let response = tokio::spawn(async move { sender.send_request(request).await });
    server.wait_for("tokens_generated", |now| now > before + 3).await;
    connection.abort();
    response.abort();
}

#[tokio::test]
async fn a_client_that_goes_is_cancelled_if_it_will_not_retry() {
    let server = Server::with(slow(STEP, Duration::ZERO), |_| ()).await;
    for stream in [false, true] {
        go_away(&server, server.post(&path(stream), &endless("Hello", 4000))).await;
        server.wait_for("running", |running| running == 0).await;
        assert_eq!(server.counter("paused").await, 0);
        assert_eq!(server.counter("kv_blocks_used").await, 0);
        let last = attempt(server.post(&path(stream), &endless("Hello", 4000)), 3, "id-1");
        go_away(&server, last).await;
        server.wait_for("running", |running| running == 0).await;
        assert_eq!(server.counter("kv_blocks_used").await, 0);
    }
}

#[tokio::test]
async fn a_retry_goes_on_with_the_same_generation() {
    let server = Server::with(slow(STEP, Duration::ZERO), |_| ()).await;
    for stream in [false, true] {
        let before = server.counter("tokens_generated").await;
        let body = endless(&format!("Hello {stream}"), 300);
        let request = || server.post(&path(stream), &body);
        go_away(&server, attempt(request(), 1, "id-1")).await;
        server.wait_for("paused", |paused| paused == 1).await;
        let again = server.send(attempt(request(), 2, "id-1")).await;
        let generated = server.counter("tokens_generated").await - before;
        assert_eq!(generated, 300, "one generation");
        let text = if stream {
            stream_text(&again.frames())
        } else {
            again.json()["output"]["message"]["content"][0]["text"].as_str().unwrap().to_owned()
        };
        let fresh = server.converse(&body).await.json();
        assert_eq!(
            text, fresh["output"]["message"]["content"][0]["text"],
            "replayed from the start"
        );
    }
}

#[tokio::test]
async fn a_retry_takes_over_from_an_attempt_whose_end_was_not_noticed() {
    let server = Server::with(slow(STEP, Duration::ZERO), |_| ()).await;
    let body = endless("Hello", 200);
    let request = || server.post(&path(true), &body);
    let mut first = server.open(attempt(request(), 1, "id-1")).await;
    first_bytes(&mut first).await;
    let second = server.send(attempt(request(), 2, "id-1")).await;
    assert_eq!(stream_text(&second.frames()).len(), 200);
    let rest = Answer::of(first).await;
    assert_eq!(rest.frames().last().unwrap().0, "serviceUnavailableException");
    assert_eq!(server.counter("tokens_generated").await, 200);
}

#[tokio::test]
async fn nobody_else_attaches() {
    let never = Duration::from_secs(600);
    let server =
        Server::with(slow(STEP, Duration::ZERO), |config| config.limits.retry_window = never).await;
    let body = endless("Hello", 200);
    go_away(&server, attempt(server.post(&path(false), &body), 1, "id-1")).await;
    server.wait_for("paused", |paused| paused == 1).await;
    let other_caller = {
        let mut request = attempt(server.post(&path(false), &body), 3, "id-1");
        let scope = "111122223333/20261124/us-east-1/bedrock/aws4_request";
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={}",
            "0".repeat(64)
        );
        request.headers_mut().insert("authorization", header.parse().unwrap());
        request
    };
    let other_body = attempt(server.post(&path(false), &endless("Hallo", 200)), 3, "id-1");
    let other_path = attempt(server.post(&path(true), &body), 3, "id-1");
    for request in [other_caller, other_body, other_path] {
        assert_eq!(server.send(request).await.status, 200);
        server.wait_for("running", |running| running == 0).await;
        assert_eq!(server.counter("paused").await, 1, "still parked");
    }
}

#[tokio::test]
async fn a_parked_generation_does_not_wait_for_ever() {
    let window = Duration::from_millis(100);
    let server =
        Server::with(slow(STEP, Duration::ZERO), |config| config.limits.retry_window = window)
            .await;
    let body = endless("Hello", 4000);
    go_away(&server, attempt(server.post(&path(false), &body), 1, "id-1")).await;
    server.wait_for("paused", |paused| paused == 0).await;
    server.wait_for("running", |running| running == 0).await;
    server.wait_for("kv_blocks_used", |used| used == 0).await;
    assert!(server.counter("tokens_generated").await < 4000);
}

#[tokio::test]
async fn a_slow_reader_stops_its_own_generation_only() {
    let server = Server::with(fake(), |config| config.limits.max_body_bytes = 1 << 20).await;
    let body = endless("Hello", 4096).to_string();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow_reader = socket.connect(server.address).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n{body}",
        path(true),
        server.address,
        body.len()
    );
    slow_reader.write_all(head.as_bytes()).await.unwrap();
    let mut generated = 0;
    // The kernel's buffers fill first; then nothing more is generated.
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = server.counter("tokens_generated").await;
        if now > 0 && now == generated {
            break;
        }
        generated = now;
    }
    server.wait_for("paused", |paused| paused == 1).await;
    let generated = server.counter("tokens_generated").await;
    assert!(generated < 4096, "{generated} generated for a client that reads nothing");
    assert_eq!(server.converse(&endless("Others", 50)).await.status, 200);
}

#[tokio::test]
async fn tls_speaks_both_protocols_under_the_local_authority() {
    let server = Server::with(fake(), |config| config.tls = Some(Tls::LocalCa)).await;
    let ca = CertificateDer::from_pem_file(server.dir.path().join("data/tls/ca.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ca).unwrap();
    for (protocol, host) in [("h2", "localhost"), ("h2", "127.0.0.1"), ("http/1.1", "127.0.0.1")] {
        let mut config =
            ClientConfig::builder().with_root_certificates(roots.clone()).with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from(host).unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
        let io = TokioIo::new(stream);
        let body = Full::new(Bytes::from(ask("Hello", 5).to_string()));
        let response = if protocol == "h2" {
            let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
            let (mut sender, connection) = handshake.await.unwrap();
            tokio::spawn(connection);
            let uri = format!("https://{host}:{}{}", server.address.port(), path(false));
            sender.send_request(Request::post(uri).body(body).unwrap()).await.unwrap()
        } else {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            let request = Request::post(path(false)).header("host", server.address.to_string());
            sender.send_request(request.body(body).unwrap()).await.unwrap()
        };
        assert_eq!(Answer::of(response).await.status, 200, "{protocol} {host}");
    }
}
