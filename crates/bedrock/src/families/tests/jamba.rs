use serde_json::{Value, json};

use super::{parse, refuses, turns, with};
use crate::families::parse_request;
use crate::family::Family;

const FAMILY: Family = Family::Jamba;

fn more(fields: &Value) -> Value {
    with(&json!({"messages": [{"role": "user", "content": "hi"}]}), fields)
}

#[test]
fn the_documented_example_is_read() {
    let body = json!({
        "messages": [
            {"role": "system", "content": "You are a helpful chatbot."},
            {"role": "user", "content": "What are the main causes of earthquakes?"},
        ],
        "max_tokens": 512, "temperature": 0.7, "top_p": 0.9, "stop": ["###"], "n": 1,
    });
    let request = parse(FAMILY, &body).unwrap();
    assert_eq!(turns(&request).system, ["You are a helpful chatbot."]);
    assert_eq!(request.stop_sequences, ["###"]);
    assert_eq!((request.max_tokens, request.choices), (Some(512), 1));
}

#[test]
fn several_answers_are_neither_streamed_nor_drawn_at_temperature_0() {
    let several = more(&json!({"n": 2}));
    assert_eq!(parse(FAMILY, &several).unwrap().choices, 2);
    let streamed = parse_request(FAMILY, several.to_string().as_bytes(), true).unwrap_err();
    assert_eq!(streamed.message, "n: must be 1 for streaming responses");
    let same = more(&json!({"n": 2, "temperature": 0}));
    refuses(FAMILY, &[(same, "n: must be 1 at temperature 0")]);
    assert!(parse(FAMILY, &more(&json!({"n": 1, "temperature": 0}))).is_ok());
}

#[test]
fn refusals_name_the_field() {
    let documents = json!([{"content": "x"}]);
    refuses(
        FAMILY,
        &[
            (json!({"prompt": "a"}), "#: required key [messages] not found"),
            (more(&json!({"n": 17})), "#/n: 17 is not less or equal to 16"),
            (more(&json!({"documents": documents})), "documents: documents are not supported yet"),
            (more(&json!({"stream": true})), "stream: does not agree with the operation"),
            (more(&json!({"service_tier": "flex"})), "#: extraneous key [service_tier]"),
            (more(&json!({"response_format": {"type": "xml"}})), "#/response_format/type: xml"),
        ],
    );
}
