//! Every operation, and both protocols.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn converse_answers_with_usage_and_headers() {
    let server = Server::start().await;
    let answer = server.converse(&endless("Hello", 20)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["output"]["message"]["role"], "assistant");
    assert_eq!(body["output"]["message"]["content"][0]["text"].as_str().unwrap().len(), 20);
    assert_eq!(body["stopReason"], "max_tokens");
    assert_eq!(body["usage"]["outputTokens"], 20);
    assert_eq!(
        answer.header("x-amzn-bedrock-input-token-count"),
        body["usage"]["inputTokens"].to_string()
    );
    assert_eq!(answer.header("x-amzn-bedrock-output-token-count"), "20");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-outcrop-model"), "fake");
    assert_eq!(answer.header("x-outcrop-cached-tokens"), "0");
    assert_eq!(answer.header("x-outcrop-auth"), "open");
    assert_eq!(answer.header("x-amzn-requestid").len(), 36);
    assert!(answer.headers.contains_key("x-amzn-bedrock-invocation-latency"));
    assert_eq!(
        server.converse(&endless("Hello", 20)).await.json()["output"],
        body["output"],
        "same seed, same answer"
    );
}

#[tokio::test]
async fn converse_stream_is_the_same_answer_in_bedrocks_order() {
    let server = Server::start().await;
    let whole = server.converse(&ask("Hello", 50)).await.json();
    let answer = server
        .send(server.post(&format!("/model/{MODEL}/converse-stream"), &ask("Hello", 50)))
        .await;
    assert_eq!(answer.header("content-type"), "application/vnd.amazon.eventstream");
    let frames = answer.frames();
    let mut types: Vec<&str> = frames.iter().map(|(event_type, _)| event_type.as_str()).collect();
    types.dedup();
    let expected =
        ["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];
    assert_eq!(types, expected);
    let text = whole["output"]["message"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(stream_text(&frames), text);
    let last = &frames.last().unwrap().1;
    assert_eq!(last["usage"], whole["usage"]);
    assert!(last["metrics"]["latencyMs"].is_u64());
}

#[tokio::test]
async fn a_stream_arrives_while_it_is_generated() {
    let server = Server::with(slow(Duration::from_millis(20), Duration::ZERO), |_| ()).await;
    let path = format!("/model/{MODEL}/converse-stream");
    let mut response = server.open(server.post(&path, &endless("Hello", 100))).await;
    first_bytes(&mut response).await;
    first_bytes(&mut response).await;
    assert!(server.counter("tokens_generated").await < 50);
    let rest = Answer::of(response).await;
    assert_eq!(rest.frames().last().unwrap().1["usage"]["outputTokens"], 100);
}

#[tokio::test]
async fn http2_without_tls_on_the_same_port() {
    let server = Server::start().await;
    let mut sender = server.h2().await;
    let uri = format!("http://{}/model/{MODEL}/converse", server.address);
    let request = |uri: &str| {
        let body = ask("Hello", 10).to_string();
        http::Request::post(uri).body(http_body_util::Full::new(body.into())).unwrap()
    };
    let answer = Answer::of(sender.send_request(request(&uri)).await.unwrap()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let stream =
        Answer::of(sender.send_request(request(&format!("{uri}-stream"))).await.unwrap()).await;
    let text =
        answer.json()["output"]["message"]["content"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(stream_text(&stream.frames()), text);
}

#[tokio::test]
async fn native_bodies_of_three_families() {
    let server = Server::start().await;
    let anthropic = json!({"anthropic_version": "x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}], "seed": 1});
    let llama = json!({"prompt": "Hi", "max_gen_len": 9, "seed": 1});
    let openai =
        json!({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9, "seed": 1});
    let cases: [(&str, &Value, &str, &str); 3] = [
        (MODEL, &anthropic, "/content/0/text", "/usage/output_tokens"),
        (LLAMA, &llama, "/generation", "/generation_token_count"),
        (
            "openai.gpt-oss-20b-1:0",
            &openai,
            "/choices/0/message/content",
            "/usage/completion_tokens",
        ),
    ];
    for (model, body, text, tokens) in cases {
        let answer = server.send(server.post(&format!("/model/{model}/invoke"), body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let whole = answer.json();
        assert!(!whole.pointer(text).unwrap().as_str().unwrap().is_empty(), "{whole}");
        assert_eq!(
            answer.header("x-amzn-bedrock-output-token-count"),
            whole.pointer(tokens).unwrap().to_string()
        );
        assert_eq!(answer.header("x-amzn-bedrock-service-tier"), "default");
        let path = format!("/model/{model}/invoke-with-response-stream");
        let answer = server.send(server.post(&path, body)).await;
        assert_eq!(answer.header("x-amzn-bedrock-content-type"), "application/json");
        let chunks = native_chunks(&answer);
        let metrics = &chunks.last().unwrap()["amazon-bedrock-invocationMetrics"];
        assert_eq!(
            metrics["outputTokenCount"].to_string(),
            whole.pointer(tokens).unwrap().to_string()
        );
        assert!(metrics["firstByteLatency"].is_u64());
    }
}

fn native_chunks(answer: &Answer) -> Vec<Value> {
    let frames = answer.frames();
    let chunks = frames.iter().map(|(event_type, payload)| {
        assert_eq!(event_type, "chunk");
        serde_json::from_slice(&BASE64_STANDARD.decode(payload["bytes"].as_str().unwrap()).unwrap())
            .unwrap()
    });
    chunks.collect()
}

#[tokio::test]
async fn headers_of_invoke_are_read() {
    let server = Server::start().await;
    let path = format!("/model/{LLAMA}/invoke");
    let send = async |name: &str, value: &str| {
        let mut request = server.post(&path, &json!({"prompt": "Hi", "max_gen_len": 2}));
        request
            .headers_mut()
            .insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        server.send(request).await
    };
    let answer = send("x-amzn-bedrock-service-tier", "flex").await;
    assert_eq!(answer.header("x-amzn-bedrock-service-tier"), "flex");
    let answer = send("x-amzn-bedrock-trace", "ENABLED").await;
    assert_eq!(answer.header("x-outcrop-ignored-keys"), "trace");
    let refused = [
        ("x-amzn-bedrock-service-tier", "turbo", "service-tier"),
        ("x-amzn-bedrock-guardrailidentifier", "abc", "Guardrails are not supported"),
        ("x-amzn-bedrock-request-metadata", "{\"a\": 1}", "request-metadata"),
    ];
    for (name, value, part) in refused {
        let (status, code, message) = send(name, value).await.error();
        assert_eq!((status, code.as_str()), (400, "ValidationException"));
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn count_tokens_equals_what_is_billed() {
    let server = Server::start().await;
    let long = "word ".repeat(1000);
    for text in ["Hello", "Grüße, 世界! 🌍 <|end|>", &long] {
        let turns = json!([{"role": "user", "content": [{"text": text}]}]);
        let system = json!([{"text": "Be brief."}]);
        let count = json!({"input": {"converse": {"messages": turns, "system": system}}});
        let counted =
            server.send(server.post(&format!("/model/{MODEL}/count-tokens"), &count)).await;
        let body =
            json!({"messages": turns, "system": system, "inferenceConfig": {"maxTokens": 1}});
        let billed = server.converse(&body).await.json();
        assert_eq!(counted.json()["inputTokens"], billed["usage"]["inputTokens"], "{counted:?}");
    }
}

#[tokio::test]
async fn ids_in_every_encoding_and_form_are_one_model() {
    let server = Server::start().await;
    let arn = format!("arn:aws:bedrock:us-east-1::foundation-model/{LLAMA}");
    let ids = [
        LLAMA.to_owned(),
        LLAMA.replace(':', "%3A"),
        format!("us.{LLAMA}"),
        format!("global.{LLAMA}"),
        arn.clone(),
        arn.replace(':', "%3A").replace('/', "%2F"),
        format!("arn:aws:bedrock:eu-west-1:123456789012:inference-profile%2Feu.{LLAMA}"),
    ];
    let first =
        server.send(server.post(&format!("/model/{LLAMA}/converse"), &ask("Hi", 5))).await.json();
    for id in ids {
        let answer =
            server.send(server.post(&format!("/model/{id}/converse"), &ask("Hi", 5))).await;
        assert_eq!(answer.status, 200, "{id}: {answer:?}");
        assert_eq!(answer.json()["output"], first["output"], "{id}");
    }
}

#[tokio::test]
async fn keys_without_effect_are_named_in_a_header() {
    let server = Server::start().await;
    let mut body = json!({"anthropic_version": "x", "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]});
    body["metadata"] = json!({"user_id": "u"});
    let answer = server.send(server.post(&format!("/model/{MODEL}/invoke"), &body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.header("x-outcrop-ignored-keys").contains("metadata"), "{answer:?}");
}

#[tokio::test]
async fn control_plane_and_probes() {
    let server = Server::start().await;
    let list = server.send(server.get("/foundation-models?byOutputModality=TEXT")).await.json();
    let summaries = list["modelSummaries"].as_array().unwrap();
    assert!(summaries.len() > 40);
    let one = server.send(server.get(&format!("/foundation-models/{MODEL}"))).await.json();
    assert_eq!(one["modelDetails"]["modelId"], MODEL);
    server.converse(&ask("Hi", 1)).await;
    let one = server.send(server.get(&format!("/foundation-models/{MODEL}"))).await.json();
    assert_eq!(one["modelDetails"]["servedBy"], "fake");
    assert_eq!(server.send(server.get("/foundation-models/nobody.model")).await.error().0, 404);
    assert_eq!(
        server.send(server.get("/foundation-models?byOutputModality=SMELL")).await.error().0,
        400
    );
    assert_eq!(server.send(server.get("/health")).await.json(), json!({"status": "ok"}));
    assert_eq!(server.send(server.get("/ready")).await.status, 200);
}

#[tokio::test]
async fn silence_is_filled_with_events_that_clients_skip() {
    let loader = slow(Duration::from_millis(400), Duration::ZERO);
    let server =
        Server::with(loader, |config| config.limits.keep_alive = Duration::from_millis(100)).await;
    let answer = server
        .send(server.post(&format!("/model/{MODEL}/converse-stream"), &endless("Hello", 3)))
        .await;
    let frames = answer.frames();
    let pings = frames.iter().filter(|(event_type, _)| event_type == "ping").count();
    assert!((3..=15).contains(&pings), "{pings}");
    assert_eq!(stream_text(&frames).len(), 3);
    let body = json!({"anthropic_version": "x", "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]});
    let path = format!("/model/{MODEL}/invoke-with-response-stream");
    let chunks = native_chunks(&server.send(server.post(&path, &body)).await);
    assert!(chunks.iter().any(|chunk| chunk["type"] == "ping"));
}

#[tokio::test]
async fn several_choices_where_a_family_has_them() {
    let server = Server::start().await;
    let body = json!({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 12, "n": 3, "seed": 1, "logit_bias": {"257": -100}});
    let answer = server.send(server.post("/model/openai.gpt-oss-20b-1:0/invoke", &body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let whole = answer.json();
    let texts: Vec<_> = whole["choices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|choice| choice["message"]["content"].to_string())
        .collect();
    assert_eq!(texts.len(), 3);
    assert!(texts[0] != texts[1] && texts[1] != texts[2], "{texts:?}");
    assert_eq!(whole["usage"]["completion_tokens"], 36);
}

/// A Converse request whose tokens are to be explained.
fn explained(max_tokens: u32) -> Value {
    let mut body = endless("Hello", max_tokens);
    body["additionalModelRequestFields"]["explain"] = json!(3);
    body["additionalModelRequestFields"]["top_k"] = json!(2);
    body["additionalModelResponseFieldPaths"] = json!(["/explain"]);
    body
}

#[tokio::test]
async fn explanations_come_with_an_answer_that_they_do_not_change() {
    let server = Server::start().await;
    let mut plain = explained(8);
    plain["additionalModelRequestFields"].as_object_mut().unwrap().remove("explain");
    let (plain, told) =
        (server.converse(&plain).await.json(), server.converse(&explained(8)).await);
    let told = told.json();
    assert_eq!(told["output"], plain["output"]);
    assert_eq!(plain["additionalModelResponseFields"], json!({"explain": null}));
    let tokens = told["additionalModelResponseFields"]["explain"].as_array().unwrap();
    assert_eq!(tokens.len(), 8, "{told}");
    for token in tokens {
        let stages = token["stages"].as_array().unwrap();
        assert_eq!(stages.len(), 9, "{token}");
        let top_k = stages.iter().find(|stage| stage["step"] == "top_k").unwrap();
        assert_eq!((&top_k["changed"], &top_k["kept"]), (&json!(true), &json!(2)));
        let drawn = top_k["candidates"].as_array().unwrap();
        assert!(drawn.iter().any(|candidate| candidate["id"] == token["id"]), "{token}");
        assert!((0.0..1.0).contains(&token["random"].as_f64().unwrap()));
    }
    let path = format!("/model/{MODEL}/converse-stream");
    let frames = server.send(server.post(&path, &explained(8))).await.frames();
    let stop = &frames.iter().find(|(event_type, _)| event_type == "messageStop").unwrap().1;
    assert_eq!(stop["additionalModelResponseFields"], told["additionalModelResponseFields"]);
}

#[tokio::test]
async fn more_tokens_than_can_be_explained_are_refused_by_name() {
    let server = Server::start().await;
    let (status, code, message) = server.converse(&explained(1025)).await.error();
    assert_eq!((status, code.as_str()), (400, "ValidationException"));
    assert!(message.starts_with("explain: at most 1024 tokens"), "{message}");
    let mut body = explained(1025);
    body["additionalModelRequestFields"].as_object_mut().unwrap().remove("explain");
    assert_eq!(server.converse(&body).await.status, 200);
}

#[tokio::test]
async fn parameters_without_effect_are_told_in_a_header() {
    let server = Server::start().await;
    let mut body = endless("Hello", 4);
    assert!(!server.converse(&body).await.headers.contains_key("x-outcrop-advice"));
    body["inferenceConfig"]["temperature"] = json!(0);
    body["inferenceConfig"]["topP"] = json!(0.5);
    let whole = server.converse(&body).await;
    let advice = whole.header("x-outcrop-advice");
    assert!(advice.starts_with("top_p has no effect at temperature 0; seed"), "{advice}");
    let path = format!("/model/{MODEL}/converse-stream");
    let streamed = server.send(server.post(&path, &body)).await;
    assert_eq!(streamed.header("x-outcrop-advice"), advice);
}
