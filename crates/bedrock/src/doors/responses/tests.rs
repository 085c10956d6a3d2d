use insta::{assert_json_snapshot, assert_snapshot};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Echo, StreamEncoder, encode_answer, parse_request};
use crate::canonical::{
    Block, BlockKind, Event, Message, Prompt, Role, ServiceTier, StopReason, ToolChoice, Turns,
};
use crate::doors::Named;
use crate::doors::tests::{
    LATENCY, USAGE, block, call, context, everything, fold, payload, plain, stop, wire, with,
};
use crate::error::{Subject, WireError};
use crate::sse;

fn parse(body: &Value) -> Result<Named<Echo>, WireError> {
    parse_request(body.to_string().as_bytes())
}

fn ask(more: &Value) -> Value {
    with(&json!({"model": "us.m.n", "input": "hi"}), more)
}

fn turns(named: &Named<Echo>) -> &Turns {
    match &named.request.prompt {
        Prompt::Turns(turns) => turns,
        Prompt::Raw { .. } => panic!("expected turns"),
    }
}

fn text(text: &str) -> Block {
    Block::Text(text.to_owned())
}

fn echo() -> Echo {
    parse(&ask(&json!({"temperature": 0.5, "metadata": {"a": "b"}}))).unwrap().shown
}

fn stream(events: &[Event]) -> Vec<sse::Event> {
    let mut encoder = StreamEncoder::new(context(), echo());
    let mut sent = encoder.start();
    sent.extend(events.iter().flat_map(|event| encoder.push(event)));
    sent.extend(encoder.finish(USAGE, LATENCY));
    sent
}

#[test]
fn a_text_is_a_users_message() {
    let named = parse(&ask(&json!({}))).unwrap();
    assert_eq!((named.model.as_str(), named.streaming), ("us.m.n", false));
    let content = vec![text("hi")];
    assert_eq!(turns(&named).messages, [Message { role: Role::User, content }]);
    assert_eq!(named.request.max_tokens, None);
    assert_eq!(named.request.ignored, Vec::<String>::new());
}

/// A body with every field.
fn full() -> Value {
    let own = json!({"id": "x_1", "status": "completed"});
    json!({
        "model": "m", "stream": true, "store": false, "background": false,
        "previous_response_id": null, "instructions": "Be brief.",
        "input": [
            {"role": "developer", "content": [{"type": "input_text", "text": "Be kind."}]},
            {"role": "user", "content": "weather?"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "now"}]},
            with(&own, &json!({"type": "reasoning", "summary": [],
                "content": [{"type": "reasoning_text", "text": "hm"}], "encrypted_content": "?"})),
            with(&own, &json!({"type": "message", "role": "assistant", "phase": "commentary",
                "content": [{"type": "output_text", "text": "Wait.", "annotations": [], "logprobs": []}]})),
            with(&own, &json!({"type": "function_call", "call_id": "c1", "name": "w", "arguments": "{\"c\": 1}"})),
            with(&own, &json!({"type": "function_call", "call_id": "c2", "name": "w", "arguments": ""})),
            {"type": "function_call_output", "call_id": "c1", "output": "cold"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "warm"}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "both"}]},
            {"type": "reasoning", "id": "rs_2", "summary": []},
            {"role": "assistant", "content": "Mild."},
            {"role": "user", "content": "so?"},
        ],
        "tools": [{"type": "function", "name": "w", "description": "weather", "parameters": {"type": "object"}, "strict": false}],
        "tool_choice": {"type": "function", "name": "w"}, "parallel_tool_calls": false,
        "temperature": 2, "top_p": 0.5, "max_output_tokens": 9, "top_k": 3, "seed": 5,
        "text": {"format": {"type": "text"}, "verbosity": "low"}, "truncation": "disabled",
        "include": ["reasoning.encrypted_content"], "service_tier": "flex", "reasoning": null,
        "stream_options": {"include_obfuscation": false}, "metadata": {"a": "b"}, "user": "u",
    })
}

#[test]
fn everything_at_once_is_read() {
    let body = full();
    let named = parse(&body).unwrap();
    assert!(named.streaming);
    assert_eq!(turns(&named).system, ["Be brief.", "Be kind."]);
    let called = |id: &str, input: Value| Block::ToolUse { id: id.into(), name: "w".into(), input };
    let result = |id: &str, text: &str| Block::ToolResult {
        id: id.into(),
        text: text.into(),
        is_error: false,
    };
    let user = |content: &[Block]| Message { role: Role::User, content: content.to_vec() };
    let assistant =
        |content: &[Block]| Message { role: Role::Assistant, content: content.to_vec() };
    assert_eq!(
        turns(&named).messages,
        [
            user(&[text("weather?"), text("now")]),
            assistant(&[
                Block::Reasoning("hm".into()),
                text("Wait."),
                called("c1", json!({"c": 1})),
                called("c2", json!({})),
            ]),
            user(&[result("c1", "cold"), result("c2", "warm")]),
            assistant(&[Block::Reasoning("both".into()), text("Mild.")]),
            user(&[text("so?")]),
        ]
    );
    let request = &named.request;
    assert_eq!(request.tools[0].description.as_deref(), Some("weather"));
    assert_eq!(request.tool_choice, ToolChoice::Named("w".into()));
    assert!(request.one_call);
    assert_eq!((request.sampling.temperature, request.sampling.top_k), (Some(2.0), Some(3)));
    assert_eq!((request.sampling.top_p, request.sampling.seed), (Some(0.5), Some(5)));
    assert_eq!((request.max_tokens, request.choices), (Some(9), 1));
    assert_eq!(request.service_tier, ServiceTier::Flex);
    let ignored = ["encrypted_content", "verbosity", "include", "include_obfuscation", "user"];
    assert_eq!(request.ignored, ignored);
    assert_eq!(named.shown.members["metadata"], json!({"a": "b"}));
    assert_eq!(named.shown.members["tools"], body["tools"]);
}

/// Body, a part of the message, the field.
fn refuses(cases: &[(Value, &str, &str)]) {
    for (body, expected, path) in cases {
        let error = parse(body).expect_err(&body.to_string());
        assert!(error.message.contains(expected), "{body}: {}", error.message);
        assert_eq!(error.subject, Some(Subject::Field((*path).to_owned())), "{body}");
    }
}

#[test]
fn options_are_refused_by_name() {
    let alone = |key: &str, value: Value| ask(&json!({ key: value }));
    let format = json!({"format": {"type": "xml"}});
    let obfuscated = json!({"include_obfuscation": true});
    refuses(&[
        (alone("input", Value::Null), "#: required key [input]", "input"),
        (alone("input", json!(" ")), "is blank", "input"),
        (alone("input", json!(3)), "input: expected a list", "input"),
        (alone("previous_response_id", json!("r")), "are not kept", "previous_response_id"),
        (alone("conversation", json!("c")), "are not kept", "conversation"),
        (alone("prompt", json!({"id": "p"})), "are not kept", "prompt"),
        (alone("store", json!(true)), "only false is supported", "store"),
        (alone("store", json!(1)), "store: expected a boolean", "store"),
        (alone("background", json!(true)), "background responses", "background"),
        (alone("truncation", json!("auto")), "only disabled", "truncation"),
        (alone("reasoning", json!({"effort": "tiny"})), "tiny is not", "reasoning.effort"),
        (alone("reasoning", json!({"depth": 1})), "extraneous key [depth]", "reasoning.depth"),
        (alone("top_logprobs", json!(2)), "use chat completions", "top_logprobs"),
        (alone("include", json!(["file_search_call.results"])), "is not supported", "include.0"),
        (alone("messages", json!([])), "extraneous key [messages]", "messages"),
        (alone("max_tokens", json!(1)), "extraneous key [max_tokens]", "max_tokens"),
        (alone("temperature", json!(2.5)), "#/temperature: 2.5 is not less", "temperature"),
        (alone("max_output_tokens", json!(0)), "is not greater", "max_output_tokens"),
        (alone("metadata", json!({"a": 1})), "metadata.a: expected a string", "metadata.a"),
        (alone("text", format), "#/text/format/type: xml", "text.format.type"),
        (alone("tools", json!([{"type": "web_search"}])), "found web_search", "tools.0.type"),
        (
            alone("tool_choice", json!({"type": "allowed_tools"})),
            "only a function can be chosen",
            "tool_choice.type",
        ),
        (alone("parallel_tool_calls", json!(1)), "expected a boolean", "parallel_tool_calls"),
        (alone("explain", json!(1)), "use chat completions", "explain"),
        (alone("stream_options", obfuscated), "only allowed when stream", "stream_options"),
    ]);
}

#[test]
fn items_are_refused_by_name() {
    let item = |item: Value| ask(&json!({"input": [{"role": "user", "content": "a"}, item]}));
    let said = |content: Value| item(json!({"role": "user", "content": content}));
    let call = json!({"type": "function_call", "call_id": "c", "name": "w", "arguments": "{}"});
    let output = json!({"type": "function_call_output", "call_id": "c", "output": "x"});
    refuses(&[
        (item(json!({"type": "item_reference", "id": "x"})), "are not kept", "input.1.type"),
        (item(json!({"type": "web_search_call"})), "items of type web_search_call", "input.1.type"),
        (item(json!({"role": "tool", "content": "a"})), "#/input/1/role: tool", "input.1.role"),
        (item(json!({"role": "system", "content": "a"})), "must come before all", "input.1"),
        (said(json!([])), "is empty", "input.1"),
        (said(json!("")), "is blank", "input.1.content"),
        (
            said(json!([{"type": "input_image"}])),
            "content parts of type input_image",
            "input.1.content.0.type",
        ),
        (item(call.clone()), "No tool output found for function call c.", "input"),
        (item(output), "No tool call found for function call output with call_id c.", "input"),
        (
            item(with(&call, &json!({"arguments": "[]"}))),
            "expected the text of a JSON object",
            "input.1.arguments",
        ),
        (item(with(&call, &json!({"namespace": "n"}))), "extraneous key", "input.1.namespace"),
    ]);
}

#[test]
fn an_answer_in_both_shapes() {
    assert_json_snapshot!("unary", encode_answer(&fold(&everything()), &context(), &echo()));
    assert_snapshot!("stream", wire(&stream(&everything())));
}

#[test]
fn how_a_response_ends_is_told_in_its_status() {
    use StopReason::*;
    let table = [
        (EndTurn, "completed", "completed"),
        (StopSequence, "completed", "completed"),
        (ToolUse, "completed", "completed"),
        (MaxTokens, "incomplete", "incomplete"),
        (ModelContextWindowExceeded, "incomplete", "incomplete"),
        (MalformedToolUse, "failed", "incomplete"),
        (MalformedModelOutput, "failed", "incomplete"),
    ];
    for (reason, status, item) in table {
        let body = encode_answer(&fold(&plain(reason)), &context(), &echo());
        assert_eq!(body["status"], status);
        assert_eq!(body["output"][0]["status"], item);
        assert_eq!(body["error"].is_null(), status != "failed");
        let incomplete = if status == "incomplete" {
            json!({"reason": "max_output_tokens"})
        } else {
            Value::Null
        };
        assert_eq!(body["incomplete_details"], incomplete);
        let sent = stream(&plain(reason));
        let last = sent.last().unwrap();
        assert_eq!(last.name.as_deref(), Some(format!("response.{status}").as_str()));
        assert_eq!(payload(last)["response"], body);
    }
}

#[test]
fn a_stream_without_a_stop_failed() {
    let sent = stream(&[]);
    let body = payload(sent.last().unwrap());
    assert_eq!(body["type"], "response.failed");
    let message = body["response"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("malformed_model_output"), "{message}");
}

#[test]
fn an_error_ends_the_response_with_what_was_said() {
    let mut encoder = StreamEncoder::new(context(), echo());
    let mut sent = encoder.start();
    let events = block(0, BlockKind::Text, &["Hel", "lo"]);
    sent.extend(events[..2].iter().flat_map(|event| encoder.push(event)));
    sent.extend(encoder.fail(&WireError::throttling("Slow down.")));
    check_order(&sent);
    let body = &payload(sent.last().unwrap())["response"];
    assert_eq!(body["status"], "failed");
    assert_eq!(body["error"], json!({"code": "rate_limit_exceeded", "message": "Slow down."}));
    assert_eq!(body["output"][0]["content"][0]["text"], "Hel");
    assert_eq!(body["output"][0]["status"], "incomplete");
}

/// Numbers without a gap, items added and done one after the other, deltas that join to what is done.
fn check_order(sent: &[sse::Event]) {
    let mut open: Option<(Value, String)> = None;
    let mut done = 0;
    for (number, event) in sent.iter().enumerate() {
        let body = payload(event);
        assert_eq!(body["sequence_number"], number);
        let name = event.name.as_deref().unwrap();
        assert_eq!(body["type"], name);
        match name.rsplit('.').next().unwrap() {
            "created" | "in_progress" => assert!(number < 2),
            "completed" | "incomplete" | "failed" => {
                assert_eq!(number + 1, sent.len());
                assert_eq!(body["response"]["output"].as_array().unwrap().len(), done);
            }
            "added" if name.contains("output_item") => {
                assert!(open.is_none(), "{name}");
                assert_eq!(body["output_index"], done);
                open = Some((body["item"]["id"].clone(), String::new()));
            }
            "done" if name.contains("output_item") => {
                let (id, _) = open.take().expect("an open item");
                assert_eq!((&body["item"]["id"], &body["output_index"]), (&id, &json!(done)));
                done += 1;
            }
            last => {
                let (id, joined) = open.as_mut().expect("an open item");
                assert_eq!((&body["item_id"], &body["output_index"]), (&*id, &json!(done)));
                match last {
                    "delta" => joined.push_str(body["delta"].as_str().unwrap()),
                    "done" if !name.contains("content_part") => {
                        let whole = body.get("text").or(body.get("arguments")).unwrap();
                        assert_eq!(whole, joined);
                    }
                    _ => assert!(name.contains("content_part"), "{name}"),
                }
            }
        }
    }
    assert!(open.is_none());
}

fn kinds() -> impl Strategy<Value = BlockKind> {
    prop_oneof![
        Just(BlockKind::Text),
        Just(BlockKind::Reasoning),
        Just(BlockKind::ToolUse { id: "t".into(), name: "f".into() }),
    ]
}

fn reasons() -> impl Strategy<Value = StopReason> {
    use StopReason::*;
    proptest::sample::select(vec![EndTurn, ToolUse, MaxTokens, StopSequence, MalformedToolUse])
}

proptest! {
    #[test]
    fn a_stream_joins_to_the_whole_answer(
        blocks in prop::collection::vec((kinds(), prop::collection::vec("[a-zä\n\"]{1,5}", 0..4)), 0..5),
        reason in reasons(),
        close_last in any::<bool>(),
    ) {
        let mut events: Vec<Event> = Vec::new();
        for ((kind, texts), index) in blocks.into_iter().zip(0..) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            events.extend(block(index, kind, &texts));
        }
        if !close_last {
            events.pop(); // an answer may be cut off inside a block
        }
        events.push(stop(reason));
        let sent = stream(&events);
        check_order(&sent);
        let whole = encode_answer(&fold(&events), &context(), &echo());
        let last = payload(sent.last().unwrap());
        prop_assert_eq!(&last["response"], &whole);
    }
}

#[test]
fn a_cut_off_call_is_shown_as_far_as_it_came() {
    let mut events = call(0, "tooluse_1", &["{\"city\": \"Be"]);
    events.push(stop(StopReason::MaxTokens));
    let body = encode_answer(&fold(&events), &context(), &echo());
    assert_eq!(body["output"][0]["arguments"], "{\"city\": \"Be");
    assert_eq!(body["output"][0]["status"], "incomplete");
}
