use bedrock::canonical::{
    Answer, BlockKind, Event, Latency, ResponseContext, ServiceTier, StopReason, Usage,
};
use bedrock::family::Family;
use bedrock::{converse, families};
use proptest::prelude::*;
use serde_json::Value;

const LATENCY: Latency = Latency { total_ms: 2, first_byte_ms: 1 };
const USAGE: Usage = Usage { input: 3, output: 4, cache_read: 5, cache_write: 6 };

fn context() -> ResponseContext {
    ResponseContext {
        request_id: "id".into(),
        model_id: "model".into(),
        created: 0,
        input_tokens: 14,
        seed: 1,
    }
}

/// Blocks of one choice: reasoning, text and calls, whose deltas may be none.
fn blocks() -> impl Strategy<Value = Vec<(BlockKind, Vec<String>)>> {
    let texts = || prop::collection::vec("[a-zäß€ \n\"]{1,5}", 0..4);
    let call = prop::collection::vec(Just(()), 0..3).prop_map(|parts| {
        let whole = serde_json::json!({"a": "ä".repeat(parts.len())}).to_string();
        let (head, tail) = whole.split_at(3);
        vec![head.to_owned(), tail.to_owned()]
    });
    let kind = BlockKind::ToolUse { id: "t".into(), name: "f".into() };
    prop::collection::vec(
        prop_oneof![
            texts().prop_map(|texts| (BlockKind::Text, texts)),
            texts().prop_map(|texts| (BlockKind::Reasoning, texts)),
            prop_oneof![call, Just(Vec::new())].prop_map(move |texts| (kind.clone(), texts)),
        ],
        0..5,
    )
}

fn reason() -> impl Strategy<Value = StopReason> {
    proptest::sample::select(vec![
        StopReason::EndTurn,
        StopReason::ToolUse,
        StopReason::MaxTokens,
        StopReason::StopSequence,
    ])
}

fn events(choice: u32, blocks: Vec<(BlockKind, Vec<String>)>, reason: StopReason) -> Vec<Event> {
    let mut events = Vec::new();
    for ((kind, texts), index) in blocks.into_iter().zip(0..) {
        events.push(Event::BlockStart { choice, index, kind });
        events.extend(texts.into_iter().map(|text| Event::Delta { choice, index, text }));
        events.push(Event::BlockStop { choice, index });
    }
    events.push(Event::Stop { choice, reason, stop_sequence: None });
    events
}

fn fold(choices: u32, events: &[Event]) -> Answer {
    let all = events.iter().cloned().chain([Event::Usage(USAGE)]);
    Answer::from_events(choices, all).unwrap()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Joins a ConverseStream to a message's content, and checks the order of its events.
fn join_converse(frames: &[(&str, Value)]) -> (Vec<Value>, Value) {
    let mut content: Vec<(u64, &str, String)> = Vec::new();
    let mut open: Option<u64> = None;
    assert_eq!(frames[0].0, "messageStart");
    let (tail, body) = frames[1..].split_at(frames.len() - 3);
    assert_eq!((body[0].0, body[1].0), ("messageStop", "metadata"));
    for (kind, payload) in tail {
        let index = payload["contentBlockIndex"].as_u64().unwrap();
        match *kind {
            "contentBlockStart" => {
                assert_eq!(open.replace(index), None);
                assert_eq!(payload["start"]["toolUse"]["toolUseId"], "t");
                content.push((index, "toolUse", String::new()));
            }
            "contentBlockDelta" => {
                let (kind, delta) = payload["delta"].as_object().unwrap().iter().next().unwrap();
                if open.is_none() {
                    open = Some(index);
                    content.push((
                        index,
                        if kind == "text" { "text" } else { "reasoning" },
                        String::new(),
                    ));
                }
                let text = match kind.as_str() {
                    "text" => text_of(delta),
                    "toolUse" => text_of(&delta["input"]),
                    _ => text_of(&delta["text"]),
                };
                assert!(!text.is_empty());
                content.last_mut().unwrap().2.push_str(text);
            }
            _ => {
                assert_eq!(*kind, "contentBlockStop");
                assert_eq!(open.take(), Some(index));
            }
        }
        assert_eq!(content.last().unwrap().0, index);
    }
    assert_eq!(open, None);
    let content = content.into_iter().map(|(_, kind, text)| match kind {
        "text" => serde_json::json!({"text": text}),
        "reasoning" => serde_json::json!({"reasoningContent": {"reasoningText": {"text": text}}}),
        _ => {
            let input: Value = serde_json::from_str(&text).unwrap();
            serde_json::json!({"toolUse": {"toolUseId": "t", "name": "f", "input": input}})
        }
    });
    (content.collect(), body[0].1["stopReason"].clone())
}

/// Joins the content of OpenAI chunks of one choice: text, and arguments of calls.
fn join_openai(chunks: &[Value], choice: u64) -> (String, Vec<String>, Value) {
    let (mut text, mut calls, mut reason) = (String::new(), Vec::<String>::new(), Value::Null);
    let choices = chunks.iter().flat_map(|chunk| chunk["choices"].as_array().unwrap());
    for (number, part) in choices.filter(|part| part["index"] == choice).enumerate() {
        assert_eq!(part["delta"].get("role").is_some(), number == 0, "the role comes first, once");
        assert_eq!(reason, Value::Null, "nothing follows the finish reason");
        text.push_str(text_of(&part["delta"]["content"]));
        for call in part["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if call.get("id").is_some() {
                assert_eq!(index, calls.len());
                calls.push(String::new());
            }
            calls[index].push_str(text_of(&call["function"]["arguments"]));
        }
        reason = part["finish_reason"].clone();
    }
    (text, calls, reason)
}

/// Joins the Messages stream to content blocks.
fn join_anthropic(chunks: &[Value]) -> Vec<Value> {
    let mut content: Vec<Value> = Vec::new();
    let mut json_text = String::new();
    for chunk in chunks {
        let delta = &chunk["delta"];
        match text_of(&chunk["type"]) {
            "content_block_start" => {
                content.push(chunk["content_block"].clone());
                json_text.clear();
            }
            "content_block_delta" => {
                let last = content.last_mut().unwrap();
                json_text.push_str(text_of(&delta["partial_json"]));
                for key in ["text", "thinking"] {
                    if let Some(more) = delta[key].as_str() {
                        last[key] = format!("{}{more}", text_of(&last[key])).into();
                    }
                }
            }
            "content_block_stop" if !json_text.is_empty() => {
                content.last_mut().unwrap()["input"] = serde_json::from_str(&json_text).unwrap();
            }
            _ => {}
        }
    }
    content.retain(|block| block["text"] != "" && block["thinking"] != "");
    content
}

fn native(family: Family, events: &[Event]) -> Vec<Value> {
    let mut encoder = families::StreamEncoder::new(family, context()).unwrap();
    let mut chunks = encoder.start();
    chunks.extend(events.iter().flat_map(|event| encoder.push(event)));
    chunks.extend(encoder.finish(USAGE, LATENCY));
    chunks
}

fn whole(family: Family, choices: u32, events: &[Event]) -> Value {
    families::encode_answer(family, &fold(choices, events), &context(), &LATENCY).unwrap()
}

/// Where each family has text: in an answer, and in a chunk.
const TEXTS: [(Family, &str, &str); 12] = [
    (Family::AnthropicMessages, "/content/*/text", "/delta/text"),
    (Family::Nova, "/output/message/content/*/text", "/contentBlockDelta/delta/text"),
    (Family::TitanText, "/results/0/outputText", "/outputText"),
    (Family::MetaLlama, "/generation", "/generation"),
    (Family::MistralText, "/outputs/0/text", "/outputs/0/text"),
    (Family::MistralChat, "/choices/0/message/content", "/choices/0/message/content"),
    (Family::CohereCommand, "/text", "/text"),
    (Family::Jamba, "/choices/0/message/content", "/choices/0/delta/content"),
    (Family::DeepSeek, "/choices/0/text", "/choices/0/text"),
    (Family::OpenAiChat, "/choices/0/message/content", "/choices/0/delta/content"),
    (Family::OpenAiCompletion, "/choices/0/text", "/choices/0/text"),
    (Family::ImportedCompletion, "/generation", "/generation"),
];

/// The text at a pointer, in which `*` stands for every item of a list.
fn text_at(value: &Value, pointer: &str) -> String {
    match pointer.split_once("/*") {
        None => value.pointer(pointer).map_or("", text_of).to_owned(),
        Some((list, rest)) => {
            let items = value.pointer(list).and_then(Value::as_array).into_iter().flatten();
            items.map(|item| text_at(item, rest)).collect()
        }
    }
}

/// Any events in any order, of choices and blocks that need not be open.
fn disorder() -> impl Strategy<Value = Vec<Event>> {
    let kinds = vec![
        BlockKind::Text,
        BlockKind::Reasoning,
        BlockKind::ToolUse { id: "t".into(), name: "f".into() },
    ];
    let place = || (0u32..3, 0u32..3);
    let start = (place(), proptest::sample::select(kinds))
        .prop_map(|((choice, index), kind)| Event::BlockStart { choice, index, kind });
    let delta = (place(), "[a{}\"ß]{1,4}").prop_map(|((choice, index), text)| Event::Delta {
        choice,
        index,
        text,
    });
    let end = place().prop_map(|(choice, index)| Event::BlockStop { choice, index });
    let stop = (0u32..3, reason()).prop_map(|(choice, reason)| Event::Stop {
        choice,
        reason,
        stop_sequence: None,
    });
    let logprobs = (0u32..3).prop_map(|choice| Event::Logprobs { choice, tokens: Vec::new() });
    prop::collection::vec(prop_oneof![start, delta, end, stop, logprobs], 0..12)
}

proptest! {
    #[test]
    fn in_every_family_the_streamed_text_is_that_of_the_answer(
        blocks in blocks(),
        reason in reason(),
    ) {
        let events = events(0, blocks, reason);
        for (family, whole_text, chunk_text) in TEXTS {
            let unary = whole(family, 1, &events);
            let joined: String =
                native(family, &events).iter().map(|chunk| text_at(chunk, chunk_text)).collect();
            prop_assert_eq!(text_at(&unary, whole_text), joined, "{}", family.name());
        }
    }

    #[test]
    fn any_events_at_all_are_encoded_in_every_family(events in disorder()) {
        for family in Family::all().filter(|family| family.generates_text()) {
            let chunks = native(family, &events);
            let (last, before) = chunks.split_last().unwrap();
            let metrics = "amazon-bedrock-invocationMetrics";
            prop_assert!(last.get(metrics).is_some());
            prop_assert!(before.iter().all(|chunk| chunk.get(metrics).is_none()));
        }
    }

    #[test]
    fn a_joined_nova_stream_is_the_unary_answer(blocks in blocks(), reason in reason()) {
        let events = events(0, blocks, reason);
        let mut chunks = native(Family::Nova, &events);
        let last = chunks.last_mut().unwrap().as_object_mut().unwrap();
        last.remove("amazon-bedrock-invocationMetrics");
        let frames: Vec<(&str, Value)> = chunks
            .iter()
            .map(|chunk| {
                let (name, payload) = chunk.as_object().unwrap().iter().next().unwrap();
                (name.as_str(), payload.clone())
            })
            .collect();
        let unary = whole(Family::Nova, 1, &events);
        let (content, stop_reason) = join_converse(&frames);
        prop_assert_eq!(&unary["output"]["message"]["content"], &Value::from(content));
        prop_assert_eq!(&unary["stopReason"], &stop_reason);
        prop_assert_eq!(&unary["usage"], &frames.last().unwrap().1["usage"]);
    }

    #[test]
    fn a_joined_mistral_stream_is_the_unary_answer(blocks in blocks(), reason in reason()) {
        let events = events(0, blocks, reason);
        let chunks = native(Family::MistralChat, &events);
        let calls = |body: &Value| body["choices"][0]["message"]["tool_calls"].as_array().cloned();
        let streamed: Vec<Value> = chunks.iter().filter_map(calls).flatten().collect();
        let unary = whole(Family::MistralChat, 1, &events);
        prop_assert_eq!(calls(&unary).unwrap_or_default(), streamed);
        let last = &chunks.last().unwrap()["choices"][0]["stop_reason"];
        prop_assert_eq!(&unary["choices"][0]["stop_reason"], last);
    }

    #[test]
    fn the_end_of_a_cohere_stream_repeats_the_unary_answer(
        blocks in blocks(),
        reason in reason(),
    ) {
        let events = events(0, blocks, reason);
        let chunks = native(Family::CohereCommand, &events);
        let unary = whole(Family::CohereCommand, 1, &events);
        let mut repeated = chunks.last().unwrap()["response"].clone();
        repeated.as_object_mut().unwrap().remove("meta");
        prop_assert_eq!(&unary, &repeated);
        let calls: Vec<Value> = chunks
            .iter()
            .filter(|chunk| chunk["event_type"] == "tool-calls-generation")
            .flat_map(|chunk| chunk["tool_calls"].as_array().unwrap().clone())
            .collect();
        prop_assert_eq!(unary["tool_calls"].as_array().cloned().unwrap_or_default(), calls);
    }

    #[test]
    fn a_joined_converse_stream_is_the_unary_answer(blocks in blocks(), reason in reason()) {
        let events = events(0, blocks, reason);
        let echo = converse::Echo { response_fields: Vec::new(), service_tier: ServiceTier::Flex };
        let mut encoder = converse::StreamEncoder::new(&context(), echo.clone());
        let mut frames = encoder.start();
        frames.extend(events.iter().flat_map(|event| encoder.push(event)));
        frames.extend(encoder.finish(USAGE, LATENCY));
        let unary = converse::encode_answer(&fold(1, &events), &context(), &LATENCY, &echo);
        let (content, stop_reason) = join_converse(&frames);
        prop_assert_eq!(&unary["output"]["message"]["content"], &Value::from(content));
        prop_assert_eq!(&unary["stopReason"], &stop_reason);
        prop_assert_eq!(&unary["usage"], &frames.last().unwrap().1["usage"]);
    }

    #[test]
    fn a_joined_messages_stream_is_the_unary_answer(blocks in blocks(), reason in reason()) {
        let events = events(0, blocks, reason);
        let chunks = native(Family::AnthropicMessages, &events);
        let unary = whole(Family::AnthropicMessages, 1, &events);
        prop_assert_eq!(&unary["content"], &Value::from(join_anthropic(&chunks)));
        let delta = &chunks[chunks.len() - 2];
        prop_assert_eq!(&unary["stop_reason"], &delta["delta"]["stop_reason"]);
        prop_assert_eq!(&unary["usage"], &delta["usage"]);
    }

    #[test]
    fn a_joined_llama_stream_is_the_unary_answer(blocks in blocks(), reason in reason()) {
        let events = events(0, blocks, reason);
        let chunks = native(Family::MetaLlama, &events);
        let unary = whole(Family::MetaLlama, 1, &events);
        let text: String = chunks.iter().map(|chunk| text_of(&chunk["generation"])).collect();
        prop_assert_eq!(text_of(&unary["generation"]), text);
        let last = chunks.last().unwrap();
        prop_assert_eq!(&unary["stop_reason"], &last["stop_reason"]);
        prop_assert_eq!(&unary["generation_token_count"], &last["generation_token_count"]);
        prop_assert_eq!(&unary["prompt_token_count"], &chunks[0]["prompt_token_count"]);
    }

    #[test]
    fn joined_chat_completion_chunks_are_the_unary_answer(
        first in (blocks(), reason()),
        second in (blocks(), reason()),
        turns in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut left = events(0, first.0, first.1).into_iter();
        let mut right = events(1, second.0, second.1).into_iter();
        let mut mixed: Vec<Event> = turns
            .into_iter()
            .filter_map(|turn| if turn { left.next() } else { right.next() })
            .collect();
        mixed.extend(left.chain(right));
        let chunks = native(Family::OpenAiChat, &mixed);
        let unary = whole(Family::OpenAiChat, 2, &mixed);
        for choice in [0u8, 1] {
            let (text, calls, reason) = join_openai(&chunks, choice.into());
            let whole = &unary["choices"][usize::from(choice)];
            let message = &whole["message"];
            prop_assert_eq!(text_of(&message["content"]), text);
            let arguments: Vec<&str> = message["tool_calls"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|call| text_of(&call["function"]["arguments"]))
                .collect();
            prop_assert_eq!(arguments, calls);
            prop_assert_eq!(&whole["finish_reason"], &reason);
        }
        prop_assert_eq!(&unary["usage"], &chunks.last().unwrap()["usage"]);
    }
}
