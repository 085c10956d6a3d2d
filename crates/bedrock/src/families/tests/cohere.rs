use serde_json::{Value, json};

use super::{message, parse, refuses, text, turns};
use crate::canonical::{
    Answer, AnswerBlock, Block, BlockKind, Choice, Event, Latency, Markup, Prompt, ResponseContext,
    Role, StopReason, Usage,
};
use crate::families::{StreamEncoder, echo, encode_answer};
use crate::family::Family;

const FAMILY: Family = Family::CohereCommand;

fn more(key: &str, value: Value) -> Value {
    let mut body = json!({"message": "hi"});
    body[key] = value;
    body
}

fn with_history() -> Value {
    json!({
        "message": "What are some skills I should have?",
        "chat_history": [
            {"role": "USER", "message": "What is an interesting new role in AI?"},
            {"role": "CHATBOT", "message": "You could explore being a prompt engineer!"},
        ],
        "preamble": "brief", "max_tokens": 2000, "temperature": 0.6, "p": 0.5, "k": 250, "seed": 7,
        "frequency_penalty": 1, "presence_penalty": 0.5, "stop_sequences": ["x"],
        "documents": [], "search_queries_only": false, "return_prompt": false,
        "prompt_truncation": "OFF", "raw_prompting": false,
    })
}

#[test]
fn the_message_follows_its_history() {
    let request = parse(FAMILY, &with_history()).unwrap();
    assert_eq!(turns(&request).system, ["brief"]);
    assert_eq!(
        turns(&request).messages,
        [
            message(Role::User, &[text("What is an interesting new role in AI?")]),
            message(Role::Assistant, &[text("You could explore being a prompt engineer!")]),
            message(Role::User, &[text("What are some skills I should have?")]),
        ]
    );
    assert_eq!((request.max_tokens, request.sampling.top_k), (Some(2000), Some(250)));
    assert_eq!((request.sampling.seed, request.sampling.top_p), (Some(7), Some(0.5)));
    assert!(request.ignored.is_empty());
}

#[test]
fn tools_become_schemas_and_results_repeat_their_calls() {
    let definitions = json!({
        "sign": {"description": "The call sign.", "type": "str", "required": true},
        "days": {"type": "List[int]", "required": false},
        "more": {"type": "Dict"},
    });
    let call = json!({"name": "top_song", "parameters": {"sign": "WZPZ"}});
    let body = json!({
        "message": "song?",
        "tools": [{"name": "top_song", "description": "d", "parameter_definitions": definitions}],
        "tool_results": [
            {"call": call, "outputs": [{"song": "Elemental Hotel"}, {"by": "x"}]},
            {"call": call, "outputs": []},
        ],
    });
    let request = parse(FAMILY, &body).unwrap();
    assert_eq!(
        request.tools[0].input_schema,
        json!({
            "type": "object",
            "properties": {
                "sign": {"type": "string", "description": "The call sign."},
                "days": {"type": "array", "items": {"type": "integer"}},
                "more": {"type": "object"},
            },
            "required": ["sign"],
        })
    );
    let id = |at: u32| format!("tool_result_{at}");
    let call =
        |at| Block::ToolUse { id: id(at), name: "top_song".into(), input: json!({"sign": "WZPZ"}) };
    let result =
        |at, text: &str| Block::ToolResult { id: id(at), text: text.into(), is_error: false };
    assert_eq!(
        turns(&request).messages,
        [
            message(Role::User, &[text("song?")]),
            message(Role::Assistant, &[call(0), call(1)]),
            message(
                Role::User,
                &[result(0, "{\"song\":\"Elemental Hotel\"}\n{\"by\":\"x\"}"), result(1, "")]
            ),
        ]
    );
}

#[test]
fn a_raw_prompt_stands_alone() {
    let request = parse(FAMILY, &json!({"message": "Once", "raw_prompting": true})).unwrap();
    assert_eq!(request.prompt, Prompt::Raw { text: "Once".into(), markup: Markup::None });
    for key in ["chat_history", "preamble", "tools", "tool_results"] {
        let body = json!({"message": "Once", "raw_prompting": true, key: []});
        let expected = format!("{key}: raw_prompting sends the message alone");
        refuses(FAMILY, &[(body, expected.as_str())]);
    }
}

#[test]
fn refusals_name_the_field() {
    let tool = |definition| {
        more("tools", json!([{"name": "w", "parameter_definitions": {"a": definition}}]))
    };
    let result = json!([{"call": {"name": "w", "parameters": {}}, "outputs": []}]);
    refuses(
        FAMILY,
        &[
            (json!({}), "#: required key [message] not found"),
            (json!({"message": " "}), "at message is blank"),
            (more("documents", json!([{"title": "a"}])), "documents: documents and citations"),
            (more("search_queries_only", json!(true)), "search_queries_only: search queries"),
            (more("return_prompt", json!(true)), "return_prompt: the prompt is not returned"),
            (more("prompt_truncation", json!("AUTO_PRESERVE_ORDER")), "prompt_truncation: prompts"),
            (more("prompt_truncation", json!("MAYBE")), "#/prompt_truncation: MAYBE is not"),
            (more("tool_results", result), "tool_results: needs tools"),
            (tool(json!({"type": "decimal"})), "tools.0.parameter_definitions.a.type: decimal is"),
            (tool(json!({})), "#/tools/0/parameter_definitions/a: required key [type] not found"),
            (
                more("chat_history", json!([{"role": "user", "message": "a"}])),
                "#/chat_history/0/role: user is not a valid enum value",
            ),
            (
                more("chat_history", json!([{"role": "CHATBOT", "message": "a"}])),
                "A conversation must start with a user message",
            ),
            (more("prompt", json!("a")), "#: extraneous key [prompt]"),
            (more("top_p", json!(0.5)), "#: extraneous key [top_p]"),
            (more("response_format", json!({"type": "json_object"})), "response_format: struc"),
        ],
    );
}

#[test]
fn the_answer_repeats_the_history_unary_and_streamed() {
    let request = parse(FAMILY, &with_history()).unwrap();
    let context = ResponseContext {
        request_id: "r".into(),
        model_id: "m".into(),
        created: 0,
        input_tokens: 1,
        seed: 1,
    };
    let block = AnswerBlock { kind: BlockKind::Text, text: "Writing.".into() };
    let choice = Choice {
        content: vec![block],
        stop_reason: StopReason::EndTurn,
        stop_sequence: None,
        logprobs: Vec::new(),
    };
    let answer = Answer { choices: vec![choice], usage: Usage::default() };
    let mut body = encode_answer(FAMILY, &answer, &context, &Latency::default()).unwrap();
    echo(FAMILY, &request, &mut body);
    let said = [
        ("USER", "What is an interesting new role in AI?"),
        ("CHATBOT", "You could explore being a prompt engineer!"),
        ("USER", "What are some skills I should have?"),
        ("CHATBOT", "Writing."),
    ];
    let said: Vec<Value> =
        said.iter().map(|(role, message)| json!({"role": role, "message": message})).collect();
    assert_eq!(body["chat_history"], json!(said));

    let mut encoder = StreamEncoder::new(FAMILY, context).unwrap().echoing(&request);
    let mut chunks = encoder.start();
    for event in [
        Event::BlockStart { choice: 0, index: 0, kind: BlockKind::Text },
        Event::Delta { choice: 0, index: 0, text: "Writing.".into() },
        Event::BlockStop { choice: 0, index: 0 },
        Event::Stop { choice: 0, reason: StopReason::EndTurn, stop_sequence: None },
    ] {
        chunks.extend(encoder.push(&event));
    }
    chunks.extend(encoder.finish(Usage::default(), Latency::default()));
    assert_eq!(chunks.last().unwrap()["response"]["chat_history"], json!(said));
}
