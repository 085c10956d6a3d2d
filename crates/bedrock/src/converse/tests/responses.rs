use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::canonical::{
    Answer, BlockKind, Candidate, Event, Explanation, Latency, ResponseContext, ServiceTier, Stage,
    StopReason, TokenLogprob, Usage,
};
use crate::converse::{Echo, StreamEncoder, encode_answer};

const LATENCY: Latency = Latency { total_ms: 321, first_byte_ms: 45 };
const USAGE: Usage = Usage { input: 11, output: 7, cache_read: 16, cache_write: 0 };

fn context() -> ResponseContext {
    ResponseContext {
        request_id: "3e8d3dc8-7b1c-4b1e-8d8e-1b2f0f3a5c11".into(),
        model_id: "local.pebble".into(),
        created: 1_790_000_000,
        input_tokens: 11,
        seed: 42,
    }
}

fn block(index: u32, kind: BlockKind, texts: &[&str]) -> Vec<Event> {
    let mut events = vec![Event::BlockStart { choice: 0, index, kind }];
    let delta = |text: &&str| Event::Delta { choice: 0, index, text: (*text).to_owned() };
    events.extend(texts.iter().map(delta));
    events.push(Event::BlockStop { choice: 0, index });
    events
}

fn stop(reason: StopReason, stop_sequence: Option<&str>) -> Event {
    Event::Stop { choice: 0, reason, stop_sequence: stop_sequence.map(str::to_owned) }
}

fn call(texts: &[&str]) -> Vec<Event> {
    let kind = BlockKind::ToolUse { id: "tooluse_1".into(), name: "get_weather".into() };
    block(2, kind, texts)
}

fn everything() -> Vec<Event> {
    let mut events = block(0, BlockKind::Reasoning, &["hm", "m"]);
    events.extend(block(1, BlockKind::Text, &["One ", "moment."]));
    events.extend(call(&["{\"city\":", " \"Bern\"}"]));
    events.push(stop(StopReason::ToolUse, None));
    events
}

fn unary(events: Vec<Event>, echo: &Echo) -> Value {
    let all = events.into_iter().chain([Event::Usage(USAGE)]);
    encode_answer(&Answer::from_events(1, all).unwrap(), &context(), &LATENCY, echo)
}

fn stream(events: &[Event], echo: Echo) -> Value {
    let mut encoder = StreamEncoder::new(&context(), echo);
    let mut frames = encoder.start();
    frames.extend(events.iter().flat_map(|event| encoder.push(event)));
    frames.extend(encoder.push(&Event::Usage(USAGE)));
    frames.extend(encoder.finish(USAGE, LATENCY));
    frames.into_iter().map(|(kind, payload)| json!({ kind: payload })).collect()
}

fn asked(paths: &[&str]) -> Echo {
    Echo {
        response_fields: paths.iter().map(|path| (*path).to_owned()).collect(),
        service_tier: ServiceTier::Priority,
    }
}

#[test]
fn a_whole_answer() {
    assert_json_snapshot!("converse_unary", unary(everything(), &Echo::default()));
    assert_json_snapshot!("converse_stream", stream(&everything(), Echo::default()));
}

#[test]
fn the_fields_asked_for() {
    let logprob = TokenLogprob {
        token: "Hi".into(),
        bytes: b"Hi".to_vec(),
        logprob: -0.1,
        top: vec![
            ("Hi".into(), b"Hi".to_vec(), -0.1),
            ("\u{fffd}".into(), vec![0xc3], f32::NEG_INFINITY),
        ],
        explanation: None,
    };
    let mut events = block(0, BlockKind::Text, &["Hi"]);
    events.push(Event::Logprobs { choice: 0, tokens: vec![logprob] });
    events.push(stop(StopReason::StopSequence, Some("END")));
    let echo = asked(&["/stop_sequence", "/delta/stop_sequence", "/logprobs", "/seed", "/nothing"]);
    assert_json_snapshot!("converse_unary_fields", unary(events.clone(), &echo));
    assert_json_snapshot!("converse_stream_fields", stream(&events, echo));
}

/// "Hi" was drawn at temperature 0.5, which changed the distribution; top-k did not.
fn explained() -> TokenLogprob {
    let stage = |step, changed, probability| Stage {
        step,
        changed,
        kept: 300,
        candidates: vec![Candidate { token: "Hi".into(), id: 7, rank: 1, logit: 2.5, probability }],
        rest: 1.0 - probability,
    };
    let stages = vec![
        stage("raw", false, 0.5),
        stage("temperature", true, 0.75),
        stage("top_k", false, 0.75),
    ];
    let explanation = Explanation { id: 7, stages, random: Some(0.25), entropy: 1.5 };
    TokenLogprob {
        token: "Hi".into(),
        bytes: b"Hi".to_vec(),
        logprob: -0.5,
        top: Vec::new(),
        explanation: Some(Box::new(explanation)),
    }
}

fn explained_stages() -> Value {
    let candidate = |probability: f64| json!([{"token": "Hi", "id": 7, "rank": 1, "logit": 2.5, "probability": probability}]);
    json!([
        {"step": "raw", "changed": false, "kept": 300, "candidates": candidate(0.5), "rest": 0.5},
        {"step": "temperature", "changed": true, "kept": 300, "candidates": candidate(0.75), "rest": 0.25},
        {"step": "top_k", "changed": false},
    ])
}

#[test]
fn explanations_are_returned_where_a_path_names_them() {
    let mut events = block(0, BlockKind::Text, &["Hi"]);
    events.push(Event::Logprobs { choice: 0, tokens: vec![explained()] });
    events.push(stop(StopReason::EndTurn, None));
    let entry = json!({"token": "Hi", "id": 7, "random": 0.25, "entropy": 1.5, "stages": explained_stages()});
    let wanted = json!({"explain": [entry]});
    let fields = |paths: &[&str]| {
        let whole = unary(events.clone(), &asked(paths))["additionalModelResponseFields"].clone();
        let frames = stream(&events, asked(paths));
        let stopped = frames.as_array().unwrap().iter().find_map(|f| f.get("messageStop"));
        assert_eq!(stopped.unwrap()["additionalModelResponseFields"], whole);
        whole
    };
    assert_eq!(fields(&["/explain"]), wanted);
    assert_eq!(fields(&["/explain/0/random"]), json!({"explain": {"0": {"random": 0.25}}}));
    let logprobs = fields(&["/logprobs"]);
    assert_eq!(logprobs["logprobs"]["content"][0]["logprob"], json!(-0.5));
    assert!(logprobs["logprobs"].get("explain").is_none(), "each path has its own: {logprobs}");
}

#[test]
fn without_explanations_the_field_is_null() {
    let mut events = block(0, BlockKind::Text, &["Hi"]);
    let plain = TokenLogprob { explanation: None, ..explained() };
    events.push(Event::Logprobs { choice: 0, tokens: vec![plain] });
    events.push(stop(StopReason::EndTurn, None));
    let body = unary(events, &asked(&["/explain"]));
    assert_eq!(body["additionalModelResponseFields"], json!({"explain": null}));
}

#[test]
fn a_pointer_reaches_inside_and_one_to_nothing_is_skipped() {
    let fields = |paths: &[&str]| {
        let events = vec![stop(StopReason::EndTurn, None)];
        unary(events, &asked(paths))["additionalModelResponseFields"].clone()
    };
    assert_eq!(fields(&[]), Value::Null);
    assert_eq!(fields(&["/none"]), json!({}));
    assert_eq!(fields(&["/stop_sequence"]), json!({"stop_sequence": null}));
    assert_eq!(fields(&["/delta"]), json!({"delta": {"stop_sequence": null}}));
    assert_eq!(
        fields(&["/delta/stop_sequence", "/seed", "/seed/x"]),
        json!({"delta": {"stop_sequence": null}, "seed": 42})
    );
    assert_eq!(fields(&["/seed", "/"]), json!({"seed": 42}));
}

#[test]
fn an_answer_without_a_block_is_an_answer() {
    let events = vec![stop(StopReason::EndTurn, None)];
    assert_eq!(unary(events.clone(), &Echo::default())["output"]["message"]["content"], json!([]));
    let frames = stream(&events, Echo::default());
    let kinds: Vec<&String> = frames
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|frame| frame.as_object().unwrap().keys())
        .collect();
    assert_eq!(kinds, ["messageStart", "messageStop", "metadata"]);
}

#[test]
fn a_call_that_was_cut_off_is_left_out_and_one_without_arguments_is_kept() {
    let content = |texts: &[&str]| {
        let mut events = call(texts);
        events.push(stop(StopReason::MaxTokens, None));
        unary(events, &Echo::default())["output"]["message"]["content"].clone()
    };
    assert_eq!(content(&["{\"city\": \"Be"]), json!([]));
    assert_eq!(content(&["[1]"]), json!([]));
    assert_eq!(content(&[])[0]["toolUse"]["input"], json!({}));
}

#[test]
fn a_stream_always_ends_with_message_stop_and_metadata() {
    let frames = stream(&block(0, BlockKind::Text, &["Hi"])[..2], Echo::default());
    let frames = frames.as_array().unwrap();
    let tail = &frames[frames.len() - 3..];
    assert_eq!(tail[0], json!({"contentBlockStop": {"contentBlockIndex": 0}}));
    assert_eq!(tail[1], json!({"messageStop": {"stopReason": "malformed_model_output"}}));
    assert_eq!(tail[2]["metadata"]["usage"]["totalTokens"], json!(34));
}

#[test]
fn stop_reasons_have_bedrocks_names() {
    let names = [
        (StopReason::EndTurn, "end_turn"),
        (StopReason::ToolUse, "tool_use"),
        (StopReason::MaxTokens, "max_tokens"),
        (StopReason::StopSequence, "stop_sequence"),
        (StopReason::MalformedToolUse, "malformed_tool_use"),
        (StopReason::MalformedModelOutput, "malformed_model_output"),
        (StopReason::ModelContextWindowExceeded, "model_context_window_exceeded"),
    ];
    for (reason, name) in names {
        assert_eq!(unary(vec![stop(reason, None)], &Echo::default())["stopReason"], json!(name));
    }
}
