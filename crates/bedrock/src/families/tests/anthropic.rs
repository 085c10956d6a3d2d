use serde_json::{Value, json};

use super::{message, refuses, text, turns, with};
use crate::canonical::{
    Block, Document, DocumentFormat, DocumentSource, Request, ResultPart, Role, Sampling,
    ToolChoice,
};
use crate::family::Family;

const FAMILY: Family = Family::AnthropicMessages;

fn parse(body: &Value) -> Result<Request, String> {
    super::parse(FAMILY, body)
}

fn least() -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    })
}

fn more(fields: &Value) -> Value {
    with(&least(), fields)
}

#[test]
fn the_least_body_has_the_familys_defaults() {
    let request = parse(&least()).unwrap();
    assert_eq!(turns(&request).messages, [message(Role::User, &[text("hi")])]);
    let defaults = Sampling { temperature: Some(1.0), top_p: Some(0.999), ..Sampling::default() };
    assert_eq!(request.sampling, defaults);
    assert_eq!((request.max_tokens, request.choices), (Some(9), 1));
    assert_eq!(request.ignored, Vec::<String>::new());
}

#[test]
fn everything_at_once_is_read() {
    let cached = json!({"type": "ephemeral"});
    let body = json!({
        "anthropic_version": "2026-10-21", "anthropic_beta": ["a"], "max_tokens": 9,
        "metadata": {"user_id": "u"},
        "system": [{"type": "text", "text": "brief", "cache_control": cached}, {"type": "text", "text": " "}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "weather?", "citations": null}]},
            {"role": "user", "content": "please"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "x"},
                {"type": "tool_use", "id": "toolu_1", "name": "w", "input": {"city": "Bern"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": [
                    {"type": "text", "text": "cold"}, {"type": "text", "text": ""},
                ]},
                {"type": "text", "text": "so?", "cache_control": cached},
            ]},
            {"role": "assistant", "content": "It is"},
        ],
        "tools": [{
            "type": "custom", "name": "w", "description": "weather", "input_schema": {"type": "object"},
            "cache_control": cached, "defer_loading": true, "custom": {"defer_loading": true},
            "strict": true,
        }],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "stop_sequences": ["END"], "temperature": 0, "top_p": 1, "top_k": 500,
        "seed": 3, "explain": 1, "min_p": 0.5, "presence_penalty": 1, "frequency_penalty": 1,
        "repetition_penalty": 1.5, "logit_bias": {"1": 2}, "thinking": {"type": "disabled"},
    });
    let request = parse(&body).unwrap();
    let result = Block::ToolResult { id: "toolu_1".into(), text: "cold\n".into(), is_error: true };
    let call =
        Block::ToolUse { id: "toolu_1".into(), name: "w".into(), input: json!({"city": "Bern"}) };
    assert_eq!(turns(&request).system, ["brief"]);
    assert_eq!(
        turns(&request).messages,
        [
            message(Role::User, &[text("weather?"), text("please")]),
            message(Role::Assistant, &[Block::Reasoning("hm".into()), call]),
            message(Role::User, &[result, text("so?")]),
            message(Role::Assistant, &[text("It is")]),
        ]
    );
    assert_eq!(
        request.sampling,
        Sampling {
            temperature: Some(0.0),
            top_p: Some(1.0),
            top_k: Some(500),
            min_p: Some(0.5),
            seed: Some(3),
            presence_penalty: Some(1.0),
            frequency_penalty: Some(1.0),
            repetition_penalty: Some(1.5),
            logit_bias: vec![(1, 2.0)],
            logprobs: None,
            explain: Some(1),
        }
    );
    assert_eq!(request.tools[0].name, "w");
    assert_eq!(request.tools[0].input_schema, json!({"type": "object"}));
    assert_eq!(request.tool_choice, ToolChoice::Any);
    assert!(request.one_call);
    assert_eq!(request.stop_sequences, ["END"]);
    assert_eq!(
        request.ignored,
        ["cache_control", "defer_loading", "custom", "anthropic_beta", "metadata"]
    );
}

#[test]
fn options_are_refused_by_name() {
    let absent = |key: &str| more(&json!({ key: null }));
    let tool = json!({"name": "w", "input_schema": {}});
    refuses(
        FAMILY,
        &[
            (absent("max_tokens"), "#: required key [max_tokens] not found"),
            (absent("anthropic_version"), "#: required key [anthropic_version] not found"),
            (absent("messages"), "#: required key [messages] not found"),
            (more(&json!({"max_tokens": 0})), "#/max_tokens: 0 is not greater or equal to 1"),
            (more(&json!({"temperature": 1.5})), "#/temperature: 1.5 is not less or equal to 1"),
            (more(&json!({"top_p": -1})), "#/top_p"),
            (more(&json!({"top_k": 501})), "#/top_k: 501 is not less or equal to 500"),
            (more(&json!({"stop_sequences": [""]})), "#/stop_sequences/0"),
            (more(&json!({"model": "x"})), "#: extraneous key [model]"),
            (more(&json!({"stream": true})), "#: extraneous key [stream]"),
            (more(&json!({"logprobs": true})), "#: extraneous key [logprobs]"),
            (more(&json!({"maxTokens": 1})), "#: extraneous key [maxTokens]"),
            (
                more(&json!({"output_config": {"format": {"type": "x"}}})),
                "#/output_config/format/type",
            ),
            (
                more(&json!({"output_config": {"format": {"type": "json_schema", "schema": 5}}})),
                "output_config.format.schema: expected an object",
            ),
            (
                more(&json!({"thinking": {"type": "enabled", "budget_tokens": 1023}})),
                "#/thinking/budget_tokens: 1023 is not greater",
            ),
            (more(&json!({"thinking": {"type": "maybe"}})), "#/thinking/type: maybe is not"),
            (
                more(&json!({"thinking": {"type": "adaptive"}, "temperature": 0.5})),
                "`temperature` may only",
            ),
            (
                more(&json!({
                    "thinking": {"type": "adaptive"}, "output_config": {"effort": "low"},
                    "temperature": 0.5,
                })),
                "`temperature` may only",
            ),
            (more(&json!({"output_config": {"effort": "tiny"}})), "#/output_config/effort: tiny"),
            (more(&json!({"system": 5})), "system: expected a list"),
            (more(&json!({"system": [{"type": "image"}]})), "system.0.type: only text blocks"),
            (more(&json!({"tools": [{"type": "bash_20250124", "name": "bash"}]})), "tools.0.type"),
            (more(&json!({"tools": [{"name": "w"}]})), "#/tools/0: required key [input_schema]"),
            (more(&json!({"tools": [tool, tool]})), "tools: the tool name w is defined more"),
            (more(&json!({"tools": [with(&tool, &json!({"strict": "yes"}))]})), "tools.0.strict"),
            (more(&json!({"tool_choice": {"type": "any"}})), "tools: a tool must be used"),
            (more(&json!({"tool_choice": {"type": "tool", "name": "x"}})), "unknown tool x"),
            (more(&json!({"tool_choice": {"type": "maybe"}})), "#/tool_choice/type: maybe is not"),
            (
                more(&json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": 1}})),
                "tool_choice.disable_parallel_tool_use: ",
            ),
        ],
    );
}

#[test]
fn messages_obey_the_same_rules_as_converses() {
    let talk = |messages: Value| more(&json!({"messages": messages}));
    let said = |content: Value| talk(json!([{"role": "user", "content": content}]));
    let answered = |content: Value| {
        talk(json!([{"role": "user", "content": "hi"}, {"role": "assistant", "content": content}]))
    };
    refuses(
        FAMILY,
        &[
            (talk(json!([])), "A conversation must start with a user message."),
            (talk(json!([{"role": "assistant", "content": "a"}])), "must start with a user"),
            (talk(json!([{"role": "system", "content": "a"}])), "#/messages/0/role: system"),
            (said(json!("")), "ContentBlock object at messages.0.content is blank"),
            (said(json!([])), "Message object at messages.0 is empty"),
            (
                said(json!([{"type": "text", "text": "a"}, {"type": "text", "text": " "}])),
                "ContentBlock object at messages.0.content.1 is blank",
            ),
            (said(json!([{"type": "text", "text": 1}])), "messages.0.content.0.text: expected"),
            (said(json!([{"text": "a"}])), "#/messages/0/content/0: required key [type]"),
            (said(json!([{"type": "image", "source": {}}])), "messages.0.content.0.type: this"),
            (
                said(json!([{"type": "tool_use", "id": "a", "name": "b", "input": {}}])),
                "other role",
            ),
            (
                said(json!([{"type": "tool_result", "tool_use_id": "a"}])),
                "toolResult blocks at messages.0.content exceeds",
            ),
            (answered(json!([{"type": "redacted_thinking", "data": "x"}])), "redacted_thinking"),
            (
                answered(json!([{"type": "tool_use", "id": "a", "name": "b", "input": "{}"}])),
                "messages.1.content.0.input: expected an object, found a string",
            ),
            (
                answered(json!([{"type": "tool_use", "id": "a", "name": "b", "input": {}}])),
                "Expected toolResult blocks at messages.2.content for the following Ids: a",
            ),
            (
                said(json!([{"type": "text", "text": "a", "citations": {"enabled": true}}])),
                "messages.0.content.0.citations: ",
            ),
        ],
    );
}

#[test]
fn output_config_is_a_schema() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let body =
        more(&json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}}));
    let output = parse(&body).unwrap().output_format.unwrap();
    assert_eq!((output.name, output.schema), (None, schema));
    assert_eq!(parse(&more(&json!({"output_config": {}}))).unwrap().output_format, None);
    let tool = json!({"name": "w", "input_schema": {}, "strict": true});
    assert!(parse(&more(&json!({"tools": [tool]}))).unwrap().tools[0].strict);
}

#[test]
fn documents_are_read_from_every_source_and_in_tool_results() {
    let content = json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]);
    let document = |source: Value| json!({"type": "document", "source": source});
    let body = more(&json!({"messages": [
        {"role": "user", "content": [
            {
                "type": "document", "title": "T.pdf", "context": "c", "citations": {"enabled": false},
                "cache_control": {"type": "ephemeral"},
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
            },
            document(json!({"type": "content", "content": content})),
        ]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [
            {"type": "text", "text": "so"},
            document(json!({"type": "text", "media_type": "text/plain", "data": "plain"})),
        ]}]},
    ]}));
    let request = parse(&body).unwrap();
    let made = |name: &str, place: &str, source, part_of| {
        Block::Document(Document {
            name: name.into(),
            source,
            context: (name != "document").then(|| "c".into()),
            place: place.into(),
            part_of,
        })
    };
    let pdf = DocumentSource::File(DocumentFormat::Pdf, b"%PDF".to_vec());
    let texts = DocumentSource::Text("a\n\nb".into());
    let messages = &turns(&request).messages;
    assert_eq!(
        messages[0].content,
        [
            made("T.pdf", "messages.0.content.0", pdf, None),
            made("document", "messages.0.content.1", texts, None),
        ]
    );
    let result = Block::ToolResult { id: "t".into(), text: "so".into(), is_error: false };
    let part = Some(ResultPart { tool_use_id: "t".into(), offset: 2 });
    let place = "messages.2.content.0.content.1";
    let plain = made("document", place, DocumentSource::Text("plain".into()), part);
    assert_eq!(messages[2].content, [result, plain]);
    assert_eq!(request.ignored, ["cache_control"]);
}

#[test]
fn documents_are_refused_by_name() {
    let said = |block: Value| more(&json!({"messages": [{"role": "user", "content": [block]}]}));
    let of = |source: Value| said(json!({"type": "document", "source": source}));
    let six: Vec<Value> = (0..6)
        .map(|_| json!({"type": "document", "source": {"type": "content", "content": "x"}}))
        .collect();
    refuses(
        FAMILY,
        &[
            (said(json!({"type": "document"})), "#/messages/0/content/0: required key [source]"),
            (
                of(json!({"type": "url", "url": "http://x"})),
                "source.type: documents from a source of",
            ),
            (of(json!({"type": "file", "file_id": "x"})), "source of type file are not supported"),
            (
                of(json!({"type": "base64", "media_type": "text/html", "data": "YQ=="})),
                "#/messages/0/content/0/source/media_type: text/html is not",
            ),
            (
                of(json!({"type": "base64", "media_type": "application/pdf", "data": "%"})),
                "messages.0.content.0.source.data: expected base64",
            ),
            (
                of(json!({"type": "text", "media_type": "text/plain", "data": ""})),
                "messages.0.content.0.source.data: the document has no text",
            ),
            (
                of(json!({"type": "content", "content": [{"type": "image"}]})),
                "source.content.0.type: only text blocks",
            ),
            (
                said(json!({"type": "document", "citations": {"enabled": true}})),
                "messages.0.content.0.citations: citations are not supported",
            ),
            (
                more(&json!({"messages": [{"role": "user", "content": six}]})),
                "messages.0.content.5: You can't include more than 5 documents in a request.",
            ),
            (
                more(&json!({"messages": [
                    {"role": "user", "content": "a"},
                    {"role": "assistant", "content": [{"type": "document"}]},
                ]})),
                "messages.1.content.0.type: this kind of block belongs in messages of the other role",
            ),
        ],
    );
}
