//! Bounds on connections, heads and bodies.

use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::*;

async fn read_all(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    read.expect("the server ends the connection").ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let server = Server::with(fake(), |config| config.limits.max_connections = 2).await;
    let held = [
        TcpStream::connect(server.address).await.unwrap(),
        TcpStream::connect(server.address).await.unwrap(),
    ];
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut third = TcpStream::connect(server.address).await.unwrap();
    third.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    third.shutdown().await.unwrap();
    let answer = read_all(third).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("ServiceUnavailableException"),
        "{answer}"
    );
    assert!(
        answer.contains("x-amz-retry-after: 1000") && answer.contains("retry-after: 1\r\n"),
        "{answer}"
    );
    assert_typed(&answer, "503", "ServiceUnavailableException");
    drop(held);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.send(server.get("/health")).await.status, 200);
}

#[tokio::test]
async fn silent_and_dripping_connections_are_ended() {
    let limit = Duration::from_millis(300);
    let server = Server::with(fake(), |config| config.limits.header_timeout = limit).await;
    for start in ["", "P", "POST / HTTP/1.1\r\nhost: x\r\n", "PRI * HTTP/2.0\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        read_all(stream).await;
    }
}

#[tokio::test]
async fn a_long_answer_is_not_cut_by_the_head_timeout() {
    let loader = slow(Duration::from_millis(40), Duration::ZERO);
    let server =
        Server::with(loader, |config| config.limits.header_timeout = Duration::from_millis(200))
            .await;
    assert_eq!(server.converse(&endless("Hello", 15)).await.status, 200);
}

#[tokio::test]
async fn large_heads_are_refused() {
    let server = Server::with(fake(), |config| config.limits.max_header_bytes = 16 * 1024).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head =
        format!("GET /health HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_all(stream).await;
    assert_typed(&answer, "431", "RequestHeaderFieldsTooLargeException");
}

/// An answer to what was no request: typed, with a request id.
fn assert_typed(answer: &str, status: &str, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains(&format!("x-amzn-errortype: {code}:")), "{answer}");
    let (_, id) = answer.split_once("x-amzn-requestid: ").unwrap();
    assert_eq!(id.split_once("\r\n").unwrap().0.len(), 36, "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert!(!body["message"].as_str().unwrap().is_empty(), "{answer}");
}

#[tokio::test]
async fn what_is_no_http_or_has_too_many_headers_is_told_so() {
    let server = Server::start().await;
    let many = format!("GET /health HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(200));
    let cases = [
        ("GET /health\r\n\r\n", "400", "ValidationException"),
        ("GET /\u{1} HTTP/1.1\r\n\r\n", "400", "ValidationException"),
        (many.as_str(), "431", "RequestHeaderFieldsTooLargeException"),
    ];
    for (head, status, code) in cases {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_typed(&read_all(stream).await, status, code);
    }
}

#[tokio::test]
async fn a_broken_head_after_a_good_request_is_told_so() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    stream.write_all(b"nonsense\r\n\r\n").await.unwrap();
    let answers = read_all(stream).await;
    assert!(answers.starts_with("HTTP/1.1 200 OK\r\n"), "{answers}");
    let (_, second) = answers.split_once("}HTTP/1.1").unwrap();
    assert_typed(&format!("HTTP/1.1{second}"), "400", "ValidationException");
}

#[tokio::test]
async fn large_bodies_are_413_before_they_are_read() {
    let server = Server::with(fake(), |config| config.limits.max_body_bytes = 1000).await;
    let request =
        server.request(Method::POST, &format!("/model/{MODEL}/converse"), "x".repeat(1001));
    let (status, code, message) = server.send(request).await.error();
    assert_eq!((status, code.as_str()), (413, "RequestEntityTooLargeException"));
    assert!(message.contains("1000"), "{message}");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_408() {
    let idle = Duration::from_millis(200);
    let server = Server::with(fake(), |config| config.limits.body_idle_timeout = idle).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /model/{MODEL}/converse HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_all(stream).await;
    assert!(
        answer.starts_with("HTTP/1.1 408 ") && answer.contains("RequestTimeoutException"),
        "{answer}"
    );
}
