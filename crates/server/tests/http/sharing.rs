//! What is computed once, and streams side by side.

use std::time::Duration;

use futures::future::join_all;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::harness::*;

const BLOCK: u64 = engine::BLOCK_TOKENS as u64;

#[tokio::test]
async fn the_64_requests_of_one_prefix_compute_it_once() {
    let loader = slow(Duration::from_millis(2), Duration::from_micros(5));
    let server = Server::with(loader, |config| config.engine.step_token_budget = 128).await;
    let prefix = "The same long instructions. ".repeat(800 / 28 + 1);
    let body = |number: usize| {
        let mut body = ask(&format!("Question {number}"), 4);
        body["system"] = json!([{"text": prefix}]);
        body
    };
    let bodies: Vec<_> = (0..64).map(body).collect();
    let answers = join_all(bodies.iter().map(|body| server.converse(body))).await;
    let inputs: u64 =
        answers.iter().map(|answer| answer.json()["usage"]["inputTokens"].as_u64().unwrap()).sum();
    let computed = server.counter("prompt_tokens_computed").await;
    let shared = prefix.len() as u64;
    let own = inputs - 64 * shared;
    assert!(
        computed <= shared + own + 64 * BLOCK,
        "{computed} computed; {shared} shared, {own} of their own"
    );
    assert_eq!(computed + server.counter("prompt_tokens_cached").await, inputs);
}

#[tokio::test]
async fn turn_10_computes_only_what_is_new() {
    let server = Server::start().await;
    let mut messages: Vec<Value> = Vec::new();
    let mut known = 0;
    for turn in 0..10 {
        let question = format!("This is question number {turn} of the conversation.");
        messages.push(json!({"role": "user", "content": [{"text": question}]}));
        let before = server.counter("prompt_tokens_computed").await;
        let body = json!({"messages": messages, "inferenceConfig": {"maxTokens": 30}, "additionalModelRequestFields": {"seed": turn, "logit_bias": {"257": -100}}});
        let answer = server.converse(&body).await.json();
        let input = answer["usage"]["inputTokens"].as_u64().unwrap();
        let computed = server.counter("prompt_tokens_computed").await - before;
        assert!(
            computed <= input - known + BLOCK,
            "turn {turn}: {computed} of {input}, {known} known"
        );
        known = input + answer["usage"]["outputTokens"].as_u64().unwrap();
        messages.push(answer["output"]["message"].clone());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_16_streams_of_200_tokens_all_end() {
    let server = Server::with(slow(Duration::from_millis(10), Duration::ZERO), |_| ()).await;
    let path = format!("/model/{MODEL}/converse-stream");
    let stream = async |number: usize| {
        let mut body = endless(&format!("Story {number}"), 200);
        body["additionalModelRequestFields"]["seed"] = json!(number);
        let mut response = server.open(server.post(&path, &body)).await;
        let (mut bytes, mut gaps, mut last) = (Vec::new(), Vec::new(), Instant::now());
        while let Some(frame) = response.body_mut().frame().await {
            bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
            gaps.push(last.elapsed());
            last = Instant::now();
        }
        let frames = frames(&bytes);
        assert_eq!(frames.last().unwrap().1["usage"]["outputTokens"], 200);
        gaps.sort();
        (stream_text(&frames), gaps[gaps.len() / 2], gaps.len())
    };
    let together = join_all((0..16).map(stream)).await;
    for (text, median, pieces) in &together {
        assert_eq!(text.len(), 200);
        assert!(*pieces > 100, "{pieces} pieces, {median:?} apart: tokens leave as they come");
    }
    assert_eq!(stream(5).await.0, together[5].0, "alone as in a batch");
}
