//! How a server ends.

use std::time::Duration;

use crate::harness::*;

const STEP: Duration = Duration::from_millis(10);

#[tokio::test]
async fn what_runs_ends_whole_and_new_work_is_503() {
    let mut server = Server::with(slow(STEP, Duration::ZERO), |_| ()).await;
    let path = format!("/model/{MODEL}/converse-stream");
    let mut running = server.open(server.post(&path, &endless("Hello", 60))).await;
    first_bytes(&mut running).await;
    server.stop();
    tokio::time::sleep(5 * STEP).await;
    let answer = server.converse(&ask("Hello", 1)).await;
    assert_eq!(answer.error().1, "ServiceUnavailableException");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(answer.header("connection"), "close");
    assert_eq!(server.send(server.get("/ready")).await.status, 503);
    let rest = Answer::of(running).await;
    assert_eq!(rest.frames().last().unwrap().1["usage"]["outputTokens"], 60);
    (&mut server.ended).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn at_the_deadline_streams_end_with_an_exception() {
    let mut server = Server::with(slow(STEP, Duration::ZERO), |config| {
        config.shutdown_deadline = Duration::from_millis(100);
    })
    .await;
    let path = format!("/model/{MODEL}/converse-stream");
    let mut running = server.open(server.post(&path, &endless("Hello", 4000))).await;
    first_bytes(&mut running).await;
    server.stop();
    let rest = Answer::of(running).await;
    assert_eq!(rest.frames().last().unwrap().0, "serviceUnavailableException");
    tokio::time::timeout(Duration::from_secs(5), &mut server.ended)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let mut server = Server::start().await;
    let mut idle = server.h2().await;
    let request = http::Request::get(format!("http://{}/health", server.address));
    Answer::of(idle.send_request(request.body(Default::default()).unwrap()).await.unwrap()).await;
    server.stop();
    tokio::time::timeout(Duration::from_secs(5), &mut server.ended)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
