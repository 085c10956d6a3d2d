use serde_json::{Value, json};

use super::{message, refuses, text, turns, with};
use crate::canonical::{Block, DocumentFormat, DocumentSource, Request, Role, ToolChoice};
use crate::family::Family;

const FAMILY: Family = Family::Nova;

fn parse(body: &Value) -> Result<Request, String> {
    super::parse(FAMILY, body)
}

fn more(fields: &Value) -> Value {
    with(&json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}), fields)
}

#[test]
fn everything_at_once_is_read() {
    let schema = json!({"type": "object"});
    let body = json!({
        "schemaVersion": "messages-v1",
        "system": [{"text": "brief"}],
        "messages": [
            {"role": "user", "content": [{"text": "weather?"}]},
            {"role": "assistant", "content": [
                {"toolUse": {"toolUseId": "t1", "name": "w", "input": {"c": 1}}},
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "t1", "content": [{"json": {"t": 3}}], "status": "success"}},
            ]},
        ],
        "inferenceConfig": {
            "maxTokens": 9, "temperature": 0.5, "topP": 0.25, "topK": 128, "stopSequences": ["a"],
            "reasoningConfig": {"type": "disabled"},
        },
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "w", "description": "d", "inputSchema": {"json": schema}}}],
            "toolChoice": {"any": {}},
        },
        "seed": 5,
    });
    let request = parse(&body).unwrap();
    let result = Block::ToolResult { id: "t1".into(), text: "{\"t\":3}".into(), is_error: false };
    let call = Block::ToolUse { id: "t1".into(), name: "w".into(), input: json!({"c": 1}) };
    assert_eq!(turns(&request).system, ["brief"]);
    assert_eq!(
        turns(&request).messages,
        [
            message(Role::User, &[text("weather?")]),
            message(Role::Assistant, &[call]),
            message(Role::User, &[result]),
        ]
    );
    assert_eq!((request.max_tokens, request.sampling.top_k), (Some(9), Some(128)));
    assert_eq!(request.sampling.seed, Some(5));
    assert_eq!(request.stop_sequences, ["a"]);
    assert_eq!(request.tool_choice, ToolChoice::Any);
    assert_eq!(request.tools[0].input_schema, schema);
    assert!(request.ignored.is_empty());
}

#[test]
fn documents_are_read_as_converse_reads_them() {
    let document = json!({"name": "a", "format": "pdf", "source": {"bytes": "JVBERg=="}});
    let content = json!([{"text": "what is it?"}, {"document": document}]);
    let request = parse(&json!({"messages": [{"role": "user", "content": content}]})).unwrap();
    let [_, Block::Document(read)] = &turns(&request).messages[0].content[..] else {
        panic!("{request:?}")
    };
    assert_eq!(read.source, DocumentSource::File(DocumentFormat::Pdf, b"%PDF".to_vec()));
    assert_eq!(read.place, "messages.0.content.1.document");
}

#[test]
fn the_keys_of_novas_first_guide_are_read() {
    let config = json!({"max_new_tokens": 7, "top_p": 0.5, "top_k": 3, "temperature": 0.25});
    let request = parse(&more(&json!({"inferenceConfig": config}))).unwrap();
    let sampling = &request.sampling;
    assert_eq!((request.max_tokens, sampling.top_p, sampling.top_k), (Some(7), Some(0.5), Some(3)));
}

#[test]
fn refusals_name_the_field() {
    let image = json!([{"image": {"format": "png", "source": {"bytes": ""}}}]);
    let call = json!([
        {"role": "user", "content": [{"text": "a"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "w", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": []}}]},
    ]);
    refuses(
        FAMILY,
        &[
            (json!({}), "#: required key [messages] not found"),
            (more(&json!({"temperature": 1})), "#: extraneous key [temperature] is not permitted"),
            (
                more(&json!({"inferenceConfig": {"seed": 1}})),
                "#/inferenceConfig: extraneous key [seed] is not permitted",
            ),
            (
                more(&json!({"inferenceConfig": {"temperature": 0}})),
                "#/inferenceConfig/temperature: 0 is not greater or equal to 0.00001",
            ),
            (
                more(&json!({"inferenceConfig": {"reasoningConfig": {"type": "enabled"}}})),
                "inferenceConfig.reasoningConfig.type: extended thinking is not supported",
            ),
            (more(&json!({"schemaVersion": "v2"})), "schemaVersion"),
            (json!({"messages": [{"role": "user", "content": image}]}), "image content block"),
            (json!({"messages": call}), "The toolConfig field must be defined"),
            (
                more(&json!({"inferenceConfig": {"topP": 0.5, "top_p": 0.25}})),
                "inferenceConfig.top_p: does not agree with topP",
            ),
        ],
    );
}
