//! Answers and calls that obey their schemas, whatever the model would rather say, in each body shape.

use std::sync::Arc;

use engine::FakeModel;
use serde_json::{Value, json};

use crate::harness::*;

/// A template with tools.
const PEBBLE: &str = include_str!("../../../../training/chat_template.jinja");
const GPT: &str = "openai.gpt-oss-20b-1:0";

fn schema() -> Value {
    json!({
        "type": "object", "required": ["name", "age"], "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "maxLength": 12},
            "age": {"type": "integer", "minimum": 0, "maximum": 120},
        },
    })
}

/// Whether it is an object that [`schema`] allows.
fn obeys(value: &Value) -> bool {
    let fields = value.as_object().unwrap();
    fields.len() == 2
        && fields["name"].as_str().is_some_and(|name| name.chars().count() <= 12)
        && fields["age"].as_u64().is_some_and(|age| age <= 120)
}

fn converse_format(schema: &str) -> Value {
    json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"name": "person", "schema": schema}}}})
}

#[tokio::test]
async fn an_answer_is_json_of_its_schema_and_a_seed_repeats_it() {
    let server = Server::start().await;
    for seed in 0..4 {
        let mut body = ask("Who?", 200);
        body["outputConfig"] = converse_format(&schema().to_string());
        body["additionalModelRequestFields"] = json!({"seed": seed});
        let answer = server.converse(&body).await.json();
        assert_eq!(answer["stopReason"], "end_turn");
        let text = answer["output"]["message"]["content"][0]["text"].as_str().unwrap();
        assert!(obeys(&serde_json::from_str(text).unwrap()), "{text}");
        assert_eq!(answer["usage"]["outputTokens"], json!(text.len()), "bytes are tokens here");

        let path = format!("/model/{MODEL}/converse-stream");
        let streamed = server.send(server.post(&path, &body)).await;
        assert_eq!(stream_text(&streamed.frames()), text);
    }
}

#[tokio::test]
async fn native_bodies_have_their_own_words_for_it() {
    let server = Server::start().await;
    let anthropic = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 200,
        "messages": [{"role": "user", "content": "Who?"}],
        "output_config": {"format": {"type": "json_schema", "schema": schema()}},
    });
    let path = format!("/model/{MODEL}/invoke");
    let answer = server.send(server.post(&path, &anthropic)).await.json();
    let text = answer["content"][0]["text"].as_str().unwrap();
    assert!(obeys(&serde_json::from_str(text).unwrap()), "{text}");

    let openai = json!({
        "messages": [{"role": "user", "content": "Who?"}], "max_tokens": 200, "n": 2, "logprobs": true,
        "response_format": {"type": "json_schema", "json_schema": {"name": "person", "strict": true, "schema": schema()}},
    });
    let path = format!("/model/{GPT}/invoke");
    let answer = server.send(server.post(&path, &openai)).await.json();
    for choice in answer["choices"].as_array().unwrap() {
        let text = choice["message"]["content"].as_str().unwrap();
        assert!(obeys(&serde_json::from_str(text).unwrap()), "{text}");
        assert_eq!(choice["logprobs"]["content"].as_array().unwrap().len(), text.len());
    }
    assert_eq!(answer["choices"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_tool_that_must_be_used_gets_valid_arguments() {
    let loader: server::Loader = Arc::new(|_| {
        let mut loaded = parts(FakeModel::for_bytes(WINDOW));
        loaded.chat_template = Some(PEBBLE.to_owned());
        Ok(loaded)
    });
    let server = Server::with(loader, |_| ()).await;
    let spec = |name: &str| json!({"toolSpec": {"name": name, "strict": true, "inputSchema": {"json": schema()}}});
    for choice in [json!({"any": {}}), json!({"tool": {"name": "greet"}})] {
        let mut body = ask("Call.", 200);
        body["toolConfig"] = json!({"tools": [spec("greet"), spec("part")], "toolChoice": choice});
        let answer = server.converse(&body).await.json();
        let content = answer["output"]["message"]["content"].as_array().unwrap();
        assert_eq!(answer["stopReason"], "tool_use");
        let calls: Vec<&Value> = content.iter().map(|block| &block["toolUse"]).collect();
        assert!(!calls.is_empty());
        for call in calls {
            assert!(obeys(&call["input"]), "{call}");
            assert!(["greet", "part"].contains(&call["name"].as_str().unwrap()));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_enforced_is_a_validation_error_that_names_it() {
    let server = Server::start().await;
    let refused = async |schema: &Value| {
        let mut body = ask("Who?", 20);
        body["outputConfig"] = converse_format(&schema.to_string());
        let (status, kind, message) = server.converse(&body).await.error();
        assert_eq!((status, kind.as_str()), (400, "ValidationException"));
        message
    };
    let message = refused(&json!({"properties": {"a": {"uniqueItems": true}}})).await;
    assert!(message.contains("#/properties/a/uniqueItems"), "{message}");
    let deep = (0..60).fold(json!({}), |inner, _| json!({"items": inner}));
    assert!(refused(&deep).await.contains("nested deeper than 32"));
    let message = refused(&json!({"enum": (0..5000).collect::<Vec<_>>()})).await;
    assert!(message.contains("#/enum: more than 1000 values"), "{message}");
}
