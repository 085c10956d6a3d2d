use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Named, chat, long_id, messages, model_not_found, models};
use crate::canonical::{Answer, BlockKind, Event, Latency, ResponseContext, StopReason, Usage};
use crate::catalogue;
use crate::control::Listing;
use crate::error::{ErrorKind, Subject, WireError};
use crate::families;
use crate::family::Family;
use crate::sse;

pub(super) const LATENCY: Latency = Latency { total_ms: 321, first_byte_ms: 45 };
pub(super) const USAGE: Usage = Usage { input: 11, output: 7, cache_read: 16, cache_write: 2 };

pub(super) fn context() -> ResponseContext {
    ResponseContext {
        request_id: "3e8d3dc8-7b1c-4b1e-8d8e-1b2f0f3a5c11".into(),
        model_id: "openai.gpt-oss-20b-1:0".into(),
        created: 1_790_000_000,
        input_tokens: 29,
        seed: 42,
    }
}

pub(super) fn block(index: u32, kind: BlockKind, texts: &[&str]) -> Vec<Event> {
    let choice = 0;
    let mut events = vec![Event::BlockStart { choice, index, kind }];
    let delta = |text: &&str| Event::Delta { choice, index, text: (*text).to_owned() };
    events.extend(texts.iter().map(delta));
    events.push(Event::BlockStop { choice, index });
    events
}

pub(super) fn call(index: u32, id: &str, texts: &[&str]) -> Vec<Event> {
    block(index, BlockKind::ToolUse { id: id.into(), name: "get_weather".into() }, texts)
}

pub(super) fn stop(reason: StopReason) -> Event {
    Event::Stop { choice: 0, reason, stop_sequence: None }
}

/// Reasoning, text, a call, and a call without arguments.
pub(super) fn everything() -> Vec<Event> {
    let mut events = block(0, BlockKind::Reasoning, &["hm", "m"]);
    events.extend(block(1, BlockKind::Text, &["One ", "moment."]));
    events.extend(call(2, "tooluse_1", &["{\"city\":", " \"Bern\"}"]));
    events.extend(call(3, "tooluse_2", &[]));
    events.push(stop(StopReason::ToolUse));
    events
}

pub(super) fn plain(reason: StopReason) -> Vec<Event> {
    let mut events = block(0, BlockKind::Text, &["Hel", "lo"]);
    events.push(stop(reason));
    events
}

pub(super) fn fold(events: &[Event]) -> Answer {
    Answer::from_events(1, events.iter().cloned().chain([Event::Usage(USAGE)])).unwrap()
}

/// A stream as its client receives it.
pub(super) fn wire(events: &[sse::Event]) -> String {
    events.iter().map(|event| String::from_utf8(event.encode()).unwrap()).collect()
}

pub(super) fn payload(event: &sse::Event) -> Value {
    serde_json::from_str(&event.data).unwrap()
}

/// `body` with the members of `more` set.
pub(super) fn with(body: &Value, more: &Value) -> Value {
    let mut body = body.clone();
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

fn talk(more: &Value) -> Value {
    with(&json!({"model": "us.m.n", "messages": [{"role": "user", "content": "hi"}]}), more)
}

fn chat_stream(options: chat::Options, events: &[Event]) -> Vec<sse::Event> {
    let mut encoder = chat::StreamEncoder::new(context(), options);
    let mut sent = encoder.start();
    sent.extend(events.iter().flat_map(|event| encoder.push(event)));
    sent.extend(encoder.finish(USAGE, LATENCY));
    sent
}

fn messages_stream(events: &[Event]) -> Vec<sse::Event> {
    let mut encoder = messages::StreamEncoder::new(context());
    let mut sent = encoder.start();
    sent.extend(events.iter().flat_map(|event| encoder.push(event)));
    sent.extend(encoder.finish(USAGE, LATENCY));
    sent
}

#[test]
fn a_chat_body_is_the_familys_and_names_its_model() {
    let body = talk(&json!({
        "stream": true, "temperature": 2, "n": 2, "user": "u",
        "stream_options": {"include_usage": true, "include_obfuscation": false},
    }));
    let named = chat::parse_request(&bytes(&body)).unwrap();
    assert_eq!((named.model.as_str(), named.streaming), ("us.m.n", true));
    assert!(named.shown.include_usage);
    let mut native = body;
    native.as_object_mut().unwrap().remove("model");
    let own = families::parse_request(Family::OpenAiChat, &bytes(&native), true).unwrap();
    assert_eq!(named.request, own);
    let least = chat::parse_request(&bytes(&talk(&json!({"stream": null})))).unwrap();
    assert!(!least.streaming && !least.shown.include_usage);
}

#[test]
fn a_messages_body_is_the_familys_without_its_version() {
    let body = talk(&json!({"max_tokens": 9, "stream": false, "seed": 3, "metadata": {}}));
    let named = messages::parse_request(&bytes(&body)).unwrap();
    assert_eq!((named.model.as_str(), named.streaming), ("us.m.n", false));
    let native = json!({
        "anthropic_version": "x", "max_tokens": 9, "seed": 3, "metadata": {},
        "messages": body["messages"],
    });
    let own = families::parse_request(Family::AnthropicMessages, &bytes(&native), false).unwrap();
    assert_eq!(named.request, own);
    let counted = messages::parse_countable(&bytes(&talk(&json!({})))).unwrap();
    assert_eq!(counted.request.prompt, named.request.prompt);
    assert_eq!(counted.request.max_tokens, None);
}

/// What a refusal says, and what it is about.
fn refusal<S: std::fmt::Debug>(read: Result<Named<S>, WireError>) -> (String, Option<Subject>) {
    let error = read.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Validation);
    (error.message, error.subject)
}

#[test]
fn refusals_name_the_field() {
    let field = |path: &str| Some(Subject::Field(path.to_owned()));
    let cases = [
        (json!({"model": null}), "#: required key [model] not found", "model"),
        (json!({"model": ""}), "#/model: expected minimum length: 1", "model"),
        (json!({"stream": "yes"}), "stream: expected a boolean, found a string", "stream"),
        (json!({"messages": null}), "#: required key [messages] not found", "messages"),
        (json!({"wat": 1}), "#: extraneous key [wat] is not permitted", "wat"),
        (json!({"temperature": 3}), "#/temperature: 3 is not less", "temperature"),
        (json!({"messages": [{"role": "user", "content": " "}]}), "is blank", "messages.0.content"),
        (
            json!({"messages": [{"role": "user"}]}),
            "#/messages/0: required key [content]",
            "messages.0.content",
        ),
    ];
    for (more, expected, path) in cases {
        let body = bytes(&talk(&with(&json!({"max_tokens": 1}), &more)));
        for read in [refusal(chat::parse_request(&body)), refusal(messages::parse_request(&body))] {
            assert!(read.0.contains(expected), "{more}: {}", read.0);
            assert_eq!(read.1, field(path), "{more}");
        }
    }
    let alone = talk(&json!({"stream_options": {"include_usage": true}}));
    let (message, subject) = refusal(chat::parse_request(&bytes(&alone)));
    assert!(message.contains("only allowed when stream is true"), "{message}");
    assert_eq!(subject, field("stream_options"));
    let wrong = talk(&json!({"stream": true, "stream_options": {"include_usage": "yes"}}));
    let (_, subject) = refusal(chat::parse_request(&bytes(&wrong)));
    assert_eq!(subject, field("stream_options.include_usage"));
    let answered = talk(&json!({"max_tokens": 5}));
    let (message, _) = refusal(messages::parse_countable(&bytes(&answered)));
    assert!(message.contains("max_tokens: is not permitted"), "{message}");
    let (message, subject) = refusal(chat::parse_request(b"{\"model\":"));
    assert!(message.contains("is not valid JSON"), "{message}");
    assert_eq!(subject, None);
}

#[test]
fn chat_streams_tell_usage_only_if_asked() {
    let silent = chat_stream(chat::Options::default(), &everything());
    assert_snapshot!("chat_stream", wire(&silent));
    let asked = chat_stream(chat::Options { include_usage: true }, &plain(StopReason::MaxTokens));
    assert_snapshot!("chat_stream_usage", wire(&asked));
    let (done, chunks) = silent.split_last().unwrap();
    assert_eq!(done.data, "[DONE]");
    assert!(chunks.iter().all(|chunk| payload(chunk).get("usage").is_none()));
    let [before @ .., last, _] = &asked[..] else { panic!("{asked:?}") };
    assert!(before.iter().all(|chunk| payload(chunk).get("usage") == Some(&Value::Null)));
    assert_eq!(payload(last)["choices"], json!([]));
    assert_eq!(payload(last)["usage"]["completion_tokens"], 7);
}

#[test]
fn no_door_carries_bedrocks_own_metrics() {
    let chat = wire(&chat_stream(chat::Options { include_usage: true }, &everything()));
    let messages = wire(&messages_stream(&everything()));
    assert!(!chat.contains("amazon-bedrock") && !messages.contains("amazon-bedrock"));
    let answer = fold(&everything());
    let native = families::encode_answer(Family::OpenAiChat, &answer, &context(), &LATENCY);
    assert_eq!(chat::encode_answer(&answer, &context()), native.unwrap());
    let native = families::encode_answer(Family::AnthropicMessages, &answer, &context(), &LATENCY);
    assert_eq!(messages::encode_answer(&answer, &context()), native.unwrap());
}

#[test]
fn messages_events_are_named_by_their_type() {
    let sent = messages_stream(&everything());
    assert_snapshot!("messages_stream", wire(&sent));
    for event in sent.iter().chain([&messages::ping()]) {
        assert_eq!(event.name.as_deref(), payload(event)["type"].as_str());
    }
    assert_eq!(messages::encode_count(3), json!({"input_tokens": 3}));
}

#[test]
fn a_stream_without_a_stop_says_that_the_output_is_malformed() {
    for sent in [chat_stream(chat::Options::default(), &[]), messages_stream(&[])] {
        assert!(wire(&sent).contains("malformed_model_output"), "{sent:?}");
    }
}

#[test]
fn models_that_answer_are_listed() {
    let mut served = Listing::configured("qwen.qwen3-32b-v1:0", 1, 1);
    served.served_by = Some("a".into());
    let own = Listing { id: "my/model".into(), ..served.clone() };
    let unserved = Listing::configured("nobody.model", 1, 1);
    let list = models::list([&served, &unserved, &own]);
    assert_eq!(
        list,
        json!({"object": "list", "data": [
            {"id": "qwen.qwen3-32b-v1:0", "object": "model", "created": 0, "owned_by": "Qwen"},
            {"id": "my/model", "object": "model", "created": 0, "owned_by": "Outcrop"},
        ]})
    );
}

#[test]
fn short_ids_stand_for_models_of_the_catalogue() {
    for (short, long) in super::SHORT_IDS {
        assert_eq!(long_id(short), *long);
        assert!(catalogue::find(long).is_some() && catalogue::find(short).is_none(), "{long}");
    }
    assert_eq!(long_id("us.m.n"), "us.m.n");
}

#[test]
fn only_what_is_about_the_identifier_is_a_missing_model() {
    let missing = model_not_found("m", WireError::validation("Invalid."));
    assert_eq!(missing.kind, ErrorKind::ResourceNotFound);
    assert_eq!(missing.message, "The model `m` does not answer here. Invalid.");
    assert_eq!(missing.subject, Some(Subject::Model));
    // An application inference profile that is nowhere.
    let lost = model_not_found("m", WireError::not_found("Lost."));
    assert_eq!((lost.kind, lost.subject), (ErrorKind::ResourceNotFound, Some(Subject::Model)));
    let denied = WireError::access_denied("no");
    assert_eq!(model_not_found("m", denied.clone()), denied);
}
