//! The doors of OpenAI's and Anthropic's APIs, over the wire.

use std::time::Duration;

use http::Method;
use http::header::HeaderName;
use serde_json::{Value, json};
use server::keys::{KeyKind, Right, Rights};

use crate::access::{add, signed};
use crate::errors::failing_after;
use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const MESSAGES: &str = "/anthropic/v1/messages";
const DOORS: [&str; 3] = [CHAT, RESPONSES, MESSAGES];

/// The request of [`endless`] in the body of a door.
fn body(door: &str, text: &str, max_tokens: u32) -> Value {
    let mut body = json!({"model": MODEL, "seed": 7, "logit_bias": {"257": -100}});
    if door.ends_with(RESPONSES) {
        body["input"] = json!(text);
        body["max_output_tokens"] = json!(max_tokens);
    } else {
        body["messages"] = json!([{"role": "user", "content": text}]);
        body["max_tokens"] = json!(max_tokens);
    }
    body
}

fn streaming(mut body: Value) -> Value {
    body["stream"] = json!(true);
    body
}

fn text_of(door: &str, body: &Value) -> String {
    let pointer = match door {
        MESSAGES => "/content/0/text",
        door if door.ends_with(RESPONSES) => "/output/0/content/0/text",
        _ => "/choices/0/message/content",
    };
    body.pointer(pointer).unwrap_or_else(|| panic!("{body}")).as_str().unwrap().to_owned()
}

/// Names and data of server-sent events; comments under the name `:`.
fn events(bytes: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(bytes).unwrap();
    let whole = text.strip_suffix("\n\n").expect("the last event is complete");
    whole
        .split("\n\n")
        .map(|event| {
            let (mut name, mut data) = (String::new(), String::new());
            for line in event.lines() {
                match line.split_once(": ").unwrap() {
                    ("", comment) => (name, data) = (":".to_owned(), comment.to_owned()),
                    ("event", value) => value.clone_into(&mut name),
                    ("data", value) => data.push_str(value),
                    (field, _) => panic!("{field}"),
                }
            }
            (name, data)
        })
        .collect()
}

fn payloads(events: &[(String, String)]) -> Vec<Value> {
    let payloads = events.iter().filter(|(name, data)| name != ":" && data != "[DONE]");
    payloads.map(|(_, data)| serde_json::from_str(data).unwrap()).collect()
}

/// The text of a door's stream.
fn joined(events: &[(String, String)]) -> String {
    let delta = |event: &Value| {
        let places = ["/choices/0/delta/content", "/delta/text", "/delta"];
        let found = places.iter().find_map(|place| event.pointer(place)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    payloads(events).iter().map(delta).collect()
}

async fn stream(server: &Server, door: &str, body: &Value) -> Vec<(String, String)> {
    let answer = server.send(server.post(door, &streaming(body.clone()))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("cache-control"), "no-cache");
    events(&answer.body)
}

#[tokio::test]
async fn every_door_leads_to_the_same_answer() {
    let server = Server::start().await;
    let converse = server.converse(&endless("Hello", 20)).await.json();
    let expected = &converse["output"]["message"]["content"][0]["text"];
    let doors = [CHAT, RESPONSES, MESSAGES, "/openai/v1/chat/completions", "/openai/v1/responses"];
    for door in doors {
        for model in [MODEL.to_owned(), format!("us.{MODEL}")] {
            let mut body = body(door, "Hello", 20);
            body["model"] = json!(model);
            // Anthropic's own defaults are what Converse leaves to the model, but for this one.
            body["top_p"] = json!(1);
            let answer = server.send(server.post(door, &body)).await;
            assert_eq!(answer.status, 200, "{door}: {answer:?}");
            assert_eq!(text_of(door, &answer.json()), *expected, "{door}");
            assert_eq!(answer.json()["model"], MODEL);
            assert_eq!(answer.header("x-outcrop-model"), "fake");
            assert_eq!(answer.header("x-amzn-bedrock-output-token-count"), "20");
            let id = if door == MESSAGES { "request-id" } else { "x-request-id" };
            assert_eq!(answer.header(id), answer.header("x-amzn-requestid"));
            let streamed = stream(&server, door, &body).await;
            assert_eq!(joined(&streamed), *expected, "{door}");
        }
    }
}

#[tokio::test]
async fn chat_streams_end_with_done_and_tell_usage_if_asked() {
    let server = Server::start().await;
    let plain = stream(&server, CHAT, &body(CHAT, "Hello", 5)).await;
    assert_eq!(plain.last().unwrap().1, "[DONE]");
    let chunks = payloads(&plain);
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "length");
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()), "{chunks:?}");
    let mut asking = body(CHAT, "Hello", 5);
    asking["stream_options"] = json!({"include_usage": true});
    let asked = stream(&server, CHAT, &streaming(asking.clone())).await;
    assert_eq!(asked.last().unwrap().1, "[DONE]");
    let chunks = payloads(&asked);
    let (last, before) = chunks.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], 5);
    assert!(before.iter().all(|chunk| chunk["usage"].is_null() && chunk["choices"] != json!([])));
    let answer = server.send(server.post(CHAT, &asking)).await;
    assert_eq!(answer.status, 400, "usage is a stream's option: {answer:?}");
}

#[tokio::test]
async fn responses_come_in_their_order() {
    let server = Server::start().await;
    let streamed = stream(&server, RESPONSES, &body(RESPONSES, "Hello", 5)).await;
    let mut names: Vec<&str> = streamed.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.incomplete",
    ];
    assert_eq!(names, expected);
    let payloads = payloads(&streamed);
    for (number, payload) in payloads.iter().enumerate() {
        assert_eq!(payload["sequence_number"], number);
    }
    let last = &payloads.last().unwrap()["response"];
    assert_eq!(last["usage"]["output_tokens"], 5);
    assert_eq!(last["incomplete_details"]["reason"], "max_output_tokens");
    let whole = server.send(server.post(RESPONSES, &body(RESPONSES, "Hello", 5))).await.json();
    assert_eq!((&last["status"], &last["usage"]), (&whole["status"], &whole["usage"]));
    assert_eq!(last["output"][0]["content"], whole["output"][0]["content"]);
}

#[tokio::test]
async fn messages_come_in_their_order_and_are_counted() {
    let server = Server::start().await;
    let streamed = stream(&server, MESSAGES, &body(MESSAGES, "Hello", 5)).await;
    let mut names: Vec<&str> = streamed.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names, expected);
    let payloads = payloads(&streamed);
    let input = &payloads[0]["message"]["usage"]["input_tokens"];
    assert_eq!(payloads[payloads.len() - 2]["usage"]["output_tokens"], 5);
    let countable = json!({"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]});
    let path = format!("{MESSAGES}/count_tokens");
    let counted = server.send(server.post(&path, &countable)).await;
    assert_eq!(counted.status, 200, "{counted:?}");
    assert_eq!(&counted.json()["input_tokens"], input);
}

#[tokio::test]
async fn models_that_answer_are_listed() {
    let server = Server::start().await;
    for base in ["/v1/models", "/openai/v1/models"] {
        let list = server.send(server.get(base)).await.json();
        let ids: Vec<&str> =
            list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
        assert!(ids.len() > 40 && ids.contains(&MODEL), "{ids:?}");
        assert!(!ids.contains(&"amazon.titan-embed-text-v2:0"));
        for id in [MODEL.to_owned(), format!("us.{MODEL}"), MODEL.replace(':', "%3A")] {
            let one = server.send(server.get(&format!("{base}/{id}"))).await;
            assert_eq!(one.status, 200, "{one:?}");
            assert_eq!(one.json()["id"], MODEL);
        }
        for id in ["nobody.model", "amazon.titan-embed-text-v2:0"] {
            let none = server.send(server.get(&format!("{base}/{id}"))).await;
            assert_eq!(none.status, 404);
            assert_eq!(none.json()["error"]["code"], "model_not_found");
        }
    }
}

/// Status, OpenAI's code or Anthropic's type, and the message of an error; checks its shape.
fn error(door: &str, answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    let error = &body["error"];
    let request_id = answer.header("x-amzn-requestid");
    assert_eq!(request_id.len(), 36);
    if door.starts_with("/anthropic/") {
        assert_eq!((&body["type"], &body["request_id"]), (&json!("error"), &json!(request_id)));
        let kind = error["type"].as_str().unwrap();
        return (
            answer.status.as_u16(),
            kind.to_owned(),
            error["message"].as_str().unwrap().into(),
        );
    }
    let keys: Vec<_> = error.as_object().unwrap().keys().cloned().collect();
    assert!(["message", "type", "param", "code"].iter().all(|key| keys.contains(&(*key).into())));
    let code = error["code"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), code, error["message"].as_str().unwrap().to_owned())
}

/// What is wrong with a request: the change to its body, the status, OpenAI's code, Anthropic's type, a part of the
/// message.
type Fault = (Value, u16, &'static str, &'static str, &'static str);

fn faults() -> Vec<Fault> {
    let invalid = "invalid_request_error";
    let (missing, lost) = ("model_not_found", "not_found_error");
    let long = "long ".repeat(2000);
    let said = json!([{"role": "user", "content": long}]);
    let too_many = json!({"max_tokens": 4097, "max_output_tokens": 4097});
    let embedding = "amazon.titan-embed-text-v2:0";
    vec![
        (json!({"model": "nobody.model"}), 404, missing, lost, "nobody.model"),
        (json!({"model": embedding}), 404, missing, lost, "is an embedding model"),
        (json!({"model": null}), 400, "", invalid, "required key [model]"),
        (json!({"wat": 1}), 400, "", invalid, "[wat] is not permitted"),
        (json!({"temperature": 9}), 400, "", invalid, "#/temperature: 9"),
        (
            json!({"messages": said, "input": long}),
            400,
            "context_length_exceeded",
            invalid,
            "Input is too long",
        ),
        (too_many, 400, "", invalid, "exceeds the model limit of 4096"),
    ]
}

/// A body of the door with a fault, as far as the door has its keys.
fn faulty(door: &str, more: &Value) -> Value {
    let mut body = body(door, "Hello", 5);
    let others = match door {
        RESPONSES => ["messages", "max_tokens"],
        _ => ["input", "max_output_tokens"],
    };
    let known = more.as_object().unwrap().iter().filter(|(key, _)| !others.contains(&key.as_str()));
    known.for_each(|(key, value)| body[key] = value.clone());
    body
}

#[tokio::test]
async fn errors_have_the_doors_shape_before_a_stream_too() {
    let server = Server::start().await;
    for door in DOORS {
        for (more, status, code, kind, part) in faults() {
            let expected = if door == MESSAGES { kind } else { code };
            for body in [faulty(door, &more), streaming(faulty(door, &more))] {
                let answer = server.send(server.post(door, &body)).await;
                let (found, name, message) = error(door, &answer);
                assert_eq!((found, name.as_str()), (status, expected), "{door} {more}: {message}");
                assert!(message.contains(part), "{door}: {message}");
                assert_eq!(answer.header("content-type"), "application/json");
            }
        }
        let broken = server.request(Method::POST, door, "{\"model\":");
        let (status, _, message) = error(door, &server.send(broken).await);
        assert_eq!(status, 400);
        assert!(message.contains("not valid JSON"), "{message}");
        let (status, ..) = error(door, &server.send(server.get(door)).await);
        assert_eq!(status, 405);
    }
    for path in ["/v1/completions", "/openai/v1/embeddings", "/anthropic/v1/complete"] {
        let (status, ..) = error(path, &server.send(server.post(path, &json!({}))).await);
        assert_eq!(status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_field_at_fault_is_openais_param() {
    let server = Server::start().await;
    let mut body = body(CHAT, "Hello", 5);
    body["messages"] = json!([{"role": "user", "content": [{"type": "image_url"}]}]);
    let answer = server.send(server.post(CHAT, &body)).await.json();
    assert_eq!(answer["error"]["param"], "messages[0].content[0].type");
    assert_eq!(answer["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn a_model_that_fails_ends_a_stream_in_the_doors_shape() {
    for door in DOORS {
        let server = Server::with(failing_after(5), |_| ()).await;
        let streamed = stream(&server, door, &body(door, "Hello", 50)).await;
        assert!(!joined(&streamed).is_empty(), "{door}");
        let (name, data) = streamed.last().unwrap();
        let last: Value = serde_json::from_str(data).unwrap();
        match door {
            CHAT => {
                assert_eq!(last["error"]["type"], "server_error", "and no [DONE]");
                assert_eq!(last["error"]["code"], "model_error");
            }
            RESPONSES => {
                assert_eq!(name, "response.failed");
                assert_eq!(last["response"]["status"], "failed");
                assert_eq!(last["response"]["error"]["code"], "server_error");
                let said = &last["response"]["output"][0]["content"][0]["text"];
                assert_eq!(*said, joined(&streamed));
            }
            _ => {
                assert_eq!(name, "error");
                assert_eq!(last["error"]["type"], "api_error");
                assert_eq!(last["request_id"].as_str().unwrap().len(), 36);
            }
        }
        let answer = server.send(server.post(door, &body(door, "Hello", 5))).await;
        assert_eq!(error(door, &answer).0, 500);
        assert_eq!(answer.header("x-should-retry"), "false");
    }
}

#[tokio::test]
async fn a_client_that_goes_is_cancelled() {
    let server = Server::with(slow(Duration::from_millis(5), Duration::ZERO), |_| ()).await;
    for door in DOORS {
        let before = server.counter("tokens_generated").await;
        let request = server.post(door, &streaming(body(door, "Hello", 4000)));
        let mut response = server.open(request).await;
        first_bytes(&mut response).await;
        drop(response);
        server.wait_for("running", |running| running == 0).await;
        assert_eq!(server.counter("paused").await, 0, "{door}");
        assert_eq!(server.counter("kv_blocks_used").await, 0, "{door}");
        assert!(server.counter("tokens_generated").await - before < 4000, "{door}");
    }
}

#[tokio::test]
async fn silence_is_filled_with_what_clients_skip() {
    let loader = slow(Duration::from_millis(400), Duration::ZERO);
    let server =
        Server::with(loader, |config| config.limits.keep_alive = Duration::from_millis(100)).await;
    for door in DOORS {
        let streamed = stream(&server, door, &body(door, "Hello", 3)).await;
        let filler = if door == MESSAGES { "ping" } else { ":" };
        assert!(streamed.iter().any(|(name, _)| name == filler), "{door}: {streamed:?}");
        assert_eq!(joined(&streamed).len(), 3, "{door}");
    }
}

#[tokio::test]
async fn too_much_is_told_in_the_doors_own_status() {
    let server = Server::with(fake(), |config| config.limits.max_body_bytes = 1000).await;
    for door in DOORS {
        let large = server.request(Method::POST, door, "x".repeat(1001));
        let (status, name, _) = error(door, &server.send(large).await);
        assert_eq!((status, name.as_str()), (413, "request_too_large"), "{door}");
    }
    let server = Server::with(slow(Duration::from_millis(50), Duration::ZERO), |config| {
        (config.engine.max_queue, config.engine.max_running) = (1, 1);
    })
    .await;
    server.converse(&ask("warm", 1)).await;
    for door in DOORS {
        let body = body(door, "Hello", 10);
        let calls = (0..6).map(|_| server.send(server.post(door, &body)));
        let answers = futures::future::join_all(calls).await;
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
        assert!(!refused.is_empty() && refused.len() < answers.len(), "{door}");
        let busy = if door == MESSAGES { (529, "overloaded_error") } else { (503, "overloaded") };
        for answer in refused {
            let (status, name, _) = error(door, answer);
            assert_eq!((status, name.as_str()), busy, "{door}");
            assert_eq!(answer.header("x-should-retry"), "true");
            assert_eq!(answer.header("retry-after-ms"), "1000");
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
}

#[tokio::test]
async fn guardrails_are_never_left_out_silently() {
    let server = Server::start().await;
    for door in DOORS {
        let mut request = server.post(door, &body(door, "Hello", 5));
        request.headers_mut().insert("x-amzn-bedrock-guardrailidentifier", "g".parse().unwrap());
        let (status, _, message) = error(door, &server.send(request).await);
        assert_eq!(status, 400);
        assert!(message.contains("Guardrails are not supported"), "{message}");
    }
}

#[tokio::test]
async fn headers_and_keys_without_effect_are_named() {
    let server = Server::start().await;
    for door in DOORS {
        let mut body = body(door, "Hello", 5);
        let key = if door == MESSAGES { "service_tier" } else { "user" };
        body[key] = json!("auto");
        let mut request = server.post(door, &body);
        request.headers_mut().insert("anthropic-beta", "a,b".parse().unwrap());
        let answer = server.send(request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let named = answer.header("x-outcrop-ignored-keys");
        assert_eq!(named, format!("{key}, anthropic-beta"), "{door}");
    }
}

#[tokio::test]
async fn web_pages_are_refused_at_every_door() {
    let server = Server::start().await;
    for door in DOORS {
        for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example")] {
            let mut request = server.post(door, &body(door, "Hello", 5));
            request.headers_mut().insert(name, value.parse().unwrap());
            let (status, _, message) = error(door, &server.send(request).await);
            assert_eq!(status, 403, "{door} {name}");
            assert!(message.contains("web pages"), "{message}");
        }
    }
    assert_eq!(server.counter("tokens_generated").await, 0);
}

#[tokio::test]
async fn keys_and_rights_hold_at_every_door() {
    let server = Server::start().await;
    let invoke = add(&server, KeyKind::ApiKey, Rights::NONE.with(Right::Invoke));
    let control = add(&server, KeyKind::ApiKey, Rights::NONE.with(Right::Control));
    for door in DOORS {
        let send = async |headers: &[(&str, String)]| {
            let mut request = server.post(door, &body(door, "Hello", 5));
            for (name, value) in headers {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            server.send(request).await
        };
        let bearer = |key: &str| [("authorization", format!("Bearer {key}"))];
        assert_eq!(send(&bearer(invoke.secret.expose())).await.status, 200, "{door}");
        assert_eq!(error(door, &send(&bearer(control.secret.expose())).await).0, 403, "{door}");
        assert_eq!(error(door, &send(&bearer("outcrop-wrong")).await).0, 401, "{door}");
        assert_eq!(error(door, &send(&[]).await).0, 401, "{door}");
        let key = [("x-api-key", invoke.secret.expose().to_owned())];
        let expected = if door == MESSAGES { 200 } else { 401 };
        assert_eq!(send(&key).await.status, expected, "{door}");
    }
}

#[tokio::test]
async fn both_names_of_the_service_sign_for_the_doors_and_one_for_bedrocks_operations() {
    let server = Server::start().await;
    let key = add(&server, KeyKind::SigV4, Rights::all());
    for door in DOORS {
        let body = body(door, "Hello", 5).to_string();
        for service in ["bedrock", "bedrock-mantle"] {
            let answer = server.send(signed(&server, &key, door, &body, service)).await;
            assert_eq!(answer.status, 200, "{door} {service}: {answer:?}");
        }
        let other = server.send(signed(&server, &key, door, &body, "s3")).await;
        assert_eq!(error(door, &other).0, 404, "{door}");
    }
    let path = format!("/model/{}/converse", MODEL.replace(':', "%3A"));
    let body = ask("Hi", 1).to_string();
    let answer = server.send(signed(&server, &key, &path, &body, "bedrock-mantle")).await;
    let (status, code, message) = answer.error();
    assert_eq!((status, code.as_str()), (404, "UnknownOperationException"), "{message}");
}
