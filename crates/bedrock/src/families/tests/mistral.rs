use serde_json::json;

use super::{message, parse, refuses, text, turns};
use crate::canonical::{Block, Role, ToolChoice};
use crate::family::Family;

const FAMILY: Family = Family::MistralChat;

#[test]
fn a_conversation_with_tools_is_read() {
    let body = json!({
        "messages": [
            {"role": "system", "content": "brief"},
            {"role": "user", "content": "song?"},
            {"role": "assistant", "content": "", "tool_calls": [
                {"id": "v6", "function": {"name": "top_song", "arguments": "{\"sign\": \"WZPZ\"}"}},
            ]},
            {"role": "tool", "tool_call_id": "v6", "content": "{\"song\": \"Elemental Hotel\"}"},
        ],
        "tools": [{"type": "function", "function": {"name": "top_song", "parameters": {"type": "object"}}}],
        "tool_choice": "any", "max_tokens": 8192, "top_p": 0.5, "temperature": 0.25, "stop": ["x"],
        "seed": 3,
    });
    let request = parse(FAMILY, &body).unwrap();
    let id = || "v6".to_owned();
    let input = json!({"sign": "WZPZ"});
    let result = "{\"song\": \"Elemental Hotel\"}".to_owned();
    assert_eq!(turns(&request).system, ["brief"]);
    assert_eq!(
        turns(&request).messages,
        [
            message(Role::User, &[text("song?")]),
            message(
                Role::Assistant,
                &[Block::ToolUse { id: id(), name: "top_song".into(), input }]
            ),
            message(Role::User, &[Block::ToolResult { id: id(), text: result, is_error: false }]),
        ]
    );
    assert_eq!(request.tool_choice, ToolChoice::Any);
    assert_eq!((request.max_tokens, request.sampling.seed), (Some(8192), Some(3)));
}

#[test]
fn tool_choices_are_mistrals_own() {
    let body = |choice| {
        json!({
            "messages": [{"role": "user", "content": "a"}],
            "tools": [{"type": "function", "function": {"name": "w"}}],
            "tool_choice": choice,
        })
    };
    for (word, choice) in
        [("auto", ToolChoice::Auto), ("any", ToolChoice::Any), ("none", ToolChoice::None)]
    {
        assert_eq!(parse(FAMILY, &body(word)).unwrap().tool_choice, choice);
    }
    refuses(FAMILY, &[(body("required"), "#/tool_choice: required is not a valid enum value")]);
}

#[test]
fn refusals_name_the_field() {
    let more = |key: &str, value| {
        let mut body = json!({"messages": [{"role": "user", "content": "a"}]});
        body[key] = value;
        body
    };
    let image = json!([{"type": "image_url", "image_url": {"url": "x"}}]);
    refuses(
        FAMILY,
        &[
            (json!({"prompt": "a"}), "#: required key [messages] not found"),
            (more("stream", json!(false)), "#: extraneous key [stream]"),
            (more("n", json!(2)), "#: extraneous key [n]"),
            (more("max_completion_tokens", json!(2)), "extraneous key [max_completion_tokens]"),
            (more("tool_choice", json!("any")), "a tool must be used, but none is defined"),
            (more("response_format", json!({"type": "xml"})), "#/response_format/type: xml"),
            (
                json!({"messages": [{"role": "user", "content": image}]}),
                "this model doesn't support content parts of type image_url",
            ),
        ],
    );
}
