use serde_json::{Value, json};

use super::{message, refuses, text, turns, with};
use crate::canonical::{Block, Request, Role, Sampling, ServiceTier, ToolChoice};
use crate::families::{Invocation, parse_invocation};
use crate::family::Family;

const FAMILY: Family = Family::OpenAiChat;

fn parse(body: &Value) -> Result<Request, String> {
    super::parse(FAMILY, body)
}

fn more(fields: &Value) -> Value {
    with(&json!({"messages": [{"role": "user", "content": "hi"}]}), fields)
}

#[test]
fn the_least_body_leaves_all_to_the_model() {
    let request = parse(&more(&json!({}))).unwrap();
    assert_eq!(turns(&request).messages, [message(Role::User, &[text("hi")])]);
    assert_eq!(request.sampling, Sampling::default());
    assert_eq!((request.max_tokens, request.choices), (None, 1));
}

fn everything() -> Value {
    let call = json!({"index": 0, "id": "call_1", "type": "function", "function": {"name": "w", "arguments": "{\"c\": 1}"}});
    let bare = json!({"id": "call_2", "function": {"name": "w", "arguments": ""}});
    json!({
        "messages": [
            {"role": "system", "content": "brief", "name": "ops"},
            {"role": "developer", "content": [{"type": "text", "text": "kind"}]},
            {"role": "user", "content": [{"type": "text", "text": "weather?"}, {"type": "text", "text": "now"}]},
            {"role": "assistant", "content": "", "refusal": null, "annotations": [], "audio": null,
             "reasoning_content": "hm", "tool_calls": [call, bare]},
            {"role": "tool", "tool_call_id": "call_1", "content": "cold"},
            {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "user", "content": "so?"},
            {"role": "assistant", "content": [{"type": "text", "text": "It is"}], "tool_calls": null},
        ],
        "model": "openai.gpt-oss-20b-1:0",
        "max_tokens": 9, "max_completion_tokens": 9, "temperature": 2, "top_p": 0.5, "top_k": 4,
        "min_p": 0.25, "repetition_penalty": 1.5, "stop": ["a", "b"], "n": 16, "seed": 5,
        "presence_penalty": -2, "frequency_penalty": 2, "logit_bias": {"3": 4},
        "logprobs": true, "top_logprobs": 2, "explain": 4, "stream": false,
        "stream_options": {"include_usage": true, "include_obfuscation": false},
        "tools": [
            {"type": "function", "function": {"name": "w", "description": "weather", "parameters": {"type": "object"}, "strict": true}},
            {"type": "function", "function": {"name": "x"}},
        ],
        "tool_choice": {"type": "function", "function": {"name": "w"}},
        "parallel_tool_calls": false, "response_format": {"type": "text"}, "service_tier": "flex",
        "user": "u", "metadata": {}, "store": false,
    })
}

#[test]
fn everything_at_once_is_read() {
    let request = parse(&everything()).unwrap();
    assert_eq!(turns(&request).system, ["brief", "kind"]);
    let call = |id: &str, input: Value| Block::ToolUse { id: id.into(), name: "w".into(), input };
    let result = |id: &str, text: &str| Block::ToolResult {
        id: id.into(),
        text: text.into(),
        is_error: false,
    };
    assert_eq!(
        turns(&request).messages,
        [
            message(Role::User, &[text("weather?"), text("now")]),
            message(
                Role::Assistant,
                &[
                    Block::Reasoning("hm".into()),
                    call("call_1", json!({"c": 1})),
                    call("call_2", json!({})),
                ]
            ),
            message(Role::User, &[result("call_1", "cold"), result("call_2", "a\nb"), text("so?")]),
            message(Role::Assistant, &[text("It is")]),
        ]
    );
    assert_eq!(
        request.sampling,
        Sampling {
            temperature: Some(2.0),
            top_p: Some(0.5),
            top_k: Some(4),
            min_p: Some(0.25),
            seed: Some(5),
            presence_penalty: Some(-2.0),
            frequency_penalty: Some(2.0),
            repetition_penalty: Some(1.5),
            logit_bias: vec![(3, 4.0)],
            logprobs: Some(2),
            explain: Some(4),
        }
    );
    assert_eq!((request.max_tokens, request.choices), (Some(9), 16));
    assert_eq!(request.stop_sequences, ["a", "b"]);
    assert_eq!(request.tool_choice, ToolChoice::Named("w".into()));
    assert!(request.one_call);
    assert_eq!(request.tools[1].input_schema, json!({"type": "object", "properties": {}}));
    assert_eq!(request.service_tier, ServiceTier::Flex);
    assert_eq!(
        request.ignored,
        ["name", "annotations", "model", "include_obfuscation", "user", "metadata", "store"]
    );
}

#[test]
fn tool_choice_and_stop_have_short_forms() {
    let tools = json!([{"type": "function", "function": {"name": "w"}}]);
    let choices =
        [("auto", ToolChoice::Auto), ("none", ToolChoice::None), ("required", ToolChoice::Any)];
    for (word, expected) in choices {
        let request = parse(&more(&json!({"tools": tools, "tool_choice": word}))).unwrap();
        assert_eq!(request.tool_choice, expected);
    }
    assert_eq!(parse(&more(&json!({"stop": "x"}))).unwrap().stop_sequences, ["x"]);
}

#[test]
fn stream_must_agree_with_the_operation_and_model_with_the_path() {
    let read = |body: Value, streaming, model_id| {
        let invocation = Invocation { streaming, model_id };
        parse_invocation(FAMILY, body.to_string().as_bytes(), invocation).map_err(|e| e.message)
    };
    for streaming in [true, false] {
        let same = read(more(&json!({"stream": streaming})), Some(streaming), None);
        assert!(same.is_ok());
        let other = read(more(&json!({"stream": streaming})), Some(!streaming), None);
        assert!(other.unwrap_err().starts_with("stream: does not agree with the operation"));
        assert!(read(more(&json!({"stream": streaming})), None, None).is_ok());
        assert!(read(more(&json!({})), Some(streaming), None).is_ok());
    }
    let named = |model: &str, path| read(more(&json!({"model": model})), None, Some(path));
    let id = "openai.gpt-oss-20b-1:0";
    assert_eq!(named(id, id).unwrap().ignored, Vec::<String>::new());
    assert!(named(id, "us.openai.gpt-oss-20b-1:0").is_ok());
    assert!(
        named(id, "arn:aws:bedrock:us-east-1::foundation-model/openai.gpt-oss-20b-1:0").is_ok()
    );
    for other in ["openai.gpt-oss-120b-1:0", "0b-1:0", "gpt"] {
        let message = named(other, id).unwrap_err();
        assert!(message.starts_with("model: does not agree"), "{other}: {message}");
    }
}

#[test]
fn options_are_refused_by_name() {
    refuses(
        FAMILY,
        &[
            (json!({}), "#: required key [messages] not found"),
            (more(&json!({"temperature": 2.5})), "#/temperature: 2.5 is not less or equal to 2"),
            (more(&json!({"top_p": 1.5})), "#/top_p"),
            (more(&json!({"n": 0})), "#/n: 0 is not greater or equal to 1"),
            (more(&json!({"n": 17})), "#/n: 17 is not less or equal to 16"),
            (more(&json!({"max_tokens": 0})), "#/max_tokens"),
            (more(&json!({"max_completion_tokens": 0})), "#/max_completion_tokens"),
            (more(&json!({"max_tokens": 1, "max_completion_tokens": 2})), "max_tokens: does not"),
            (
                more(&json!({"stop": ["a", "b", "c", "d", "e"]})),
                "#/stop: expected maximum length: 4",
            ),
            (more(&json!({"stop": ""})), "#/stop: expected minimum length: 1"),
            (more(&json!({"stop": 5})), "stop: expected a list"),
            (more(&json!({"top_logprobs": 2})), "top_logprobs: needs logprobs"),
            (more(&json!({"presence_penalty": 3})), "#/presence_penalty"),
            (more(&json!({"response_format": {"type": "xml"}})), "#/response_format/type"),
            (
                more(&json!({"response_format": {"type": "json_schema"}})),
                "#/response_format: required key [json_schema]",
            ),
            (
                more(
                    &json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a b"}}}),
                ),
                "#/response_format/json_schema/name",
            ),
            (
                more(&json!({"response_format": {"type": "text", "json_schema": {}}})),
                "#/response_format: extraneous key [json_schema]",
            ),
            (more(&json!({"reasoning_effort": "tiny"})), "#/reasoning_effort: tiny is not"),
            (more(&json!({"parallel_tool_calls": 1})), "parallel_tool_calls: "),
            (more(&json!({"service_tier": "gold"})), "#/service_tier: gold is not"),
            (more(&json!({"tool_choice": "required"})), "tools: a tool must be used"),
            (more(&json!({"tool_choice": "maybe"})), "#/tool_choice: maybe is not"),
            (more(&json!({"tools": [{"type": "web"}]})), "#/tools/0/type: web is not"),
            (
                more(
                    &json!({"tools": [{"type": "function", "function": {"name": "w", "strict": 1}}]}),
                ),
                "tools.0.function.strict: expected a boolean",
            ),
            (more(&json!({"functions": []})), "#: extraneous key [functions]"),
            (more(&json!({"stream_options": {"x": 1}})), "#/stream_options: extraneous key [x]"),
        ],
    );
}

#[test]
fn messages_obey_the_same_rules_as_converses() {
    let talk = |messages: Value| json!({ "messages": messages });
    let hi = json!({"role": "user", "content": "hi"});
    let answered = |fields: Value| talk(json!([hi, with(&json!({"role": "assistant"}), &fields)]));
    let called = |arguments: &str| {
        let call = json!({"id": "a", "function": {"name": "w", "arguments": arguments}});
        answered(json!({"tool_calls": [call]}))
    };
    refuses(
        FAMILY,
        &[
            (talk(json!([])), "must start with a user message"),
            (talk(json!([{"role": "system", "content": "a"}])), "must start with a user message"),
            (talk(json!([{"role": "assistant", "content": "a"}])), "must start with a user"),
            (talk(json!([hi, {"role": "system", "content": "a"}])), "messages.1.role: system and"),
            (talk(json!([{"role": "function", "content": "a"}])), "#/messages/0/role: function"),
            (talk(json!([{"role": "user"}])), "#/messages/0: required key [content]"),
            (talk(json!([{"role": "user", "content": " "}])), "at messages.0.content is blank"),
            (
                talk(json!([{"role": "user", "content": []}])),
                "Message object at messages.0 is empty",
            ),
            (
                talk(
                    json!([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]),
                ),
                "messages.0.content.0.type: this model doesn't support content parts of type image_url",
            ),
            (
                talk(json!([{"role": "user", "content": [{"type": "text", "text": ""}]}])),
                "ContentBlock object at messages.0.content.0 is blank",
            ),
            (
                talk(json!([{"role": "tool", "tool_call_id": "a", "content": "b"}])),
                "toolResult blocks at messages.0.content exceeds",
            ),
            (answered(json!({"content": null})), "Message object at messages.1 is empty"),
            (answered(json!({"content": ""})), "at messages.1.content is blank"),
            (answered(json!({"content": "a", "refusal": "no"})), "messages.1.refusal: "),
            (answered(json!({"content": "a", "audio": {}})), "messages.1.audio: "),
            (called("[1]"), "messages.1.tool_calls.0.function.arguments: expected the text of"),
            (called("{"), "messages.1.tool_calls.0.function.arguments: expected the text of"),
            (
                called("{}"),
                "Expected toolResult blocks at messages.2.content for the following Ids: a",
            ),
        ],
    );
}

#[test]
fn response_format_is_a_schema() {
    let format = |format: Value| {
        let request = parse(&more(&json!({"response_format": format}))).unwrap();
        request.output_format.map(|output| (output.name, output.schema))
    };
    assert_eq!(format(json!({"type": "text"})), None);
    let any_object = Some((None, json!({"type": "object"})));
    assert_eq!(format(json!({"type": "json_object"})), any_object);
    for strict in [json!(true), json!(false), Value::Null] {
        let definition =
            json!({"name": "n", "description": "d", "strict": strict, "schema": {"type": "null"}});
        let read = format(json!({"type": "json_schema", "json_schema": definition}));
        assert_eq!(read, Some((Some("n".into()), json!({"type": "null"}))));
    }
    let request = parse(&everything()).unwrap();
    assert_eq!(request.tools.iter().map(|tool| tool.strict).collect::<Vec<_>>(), [true, false]);
}
