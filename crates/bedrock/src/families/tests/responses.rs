use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::canonical::{
    Answer, BlockKind, Event, Explanation, Latency, ResponseContext, StopReason, TokenLogprob,
    Usage,
};
use crate::families::{StreamEncoder, encode_answer};
use crate::family::Family;

const LATENCY: Latency = Latency { total_ms: 321, first_byte_ms: 45 };
const USAGE: Usage = Usage { input: 11, output: 7, cache_read: 16, cache_write: 2 };
/// Every family: the name of its snapshots, and where an answer and the last chunks say why it ended.
const SERVED: [(&str, Family, &str, &str); 12] = [
    ("anthropic", Family::AnthropicMessages, "/stop_reason", "/delta/stop_reason"),
    ("llama", Family::MetaLlama, "/stop_reason", "/stop_reason"),
    ("openai", Family::OpenAiChat, "/choices/0/finish_reason", "/choices/0/finish_reason"),
    ("nova", Family::Nova, "/stopReason", "/messageStop/stopReason"),
    ("titan", Family::TitanText, "/results/0/completionReason", "/completionReason"),
    ("mistral_text", Family::MistralText, "/outputs/0/stop_reason", "/outputs/0/stop_reason"),
    ("mistral_chat", Family::MistralChat, "/choices/0/stop_reason", "/choices/0/stop_reason"),
    ("cohere", Family::CohereCommand, "/finish_reason", "/finish_reason"),
    ("jamba", Family::Jamba, "/choices/0/finish_reason", "/choices/0/finish_reason"),
    ("deepseek", Family::DeepSeek, "/choices/0/stop_reason", "/choices/0/stop_reason"),
    (
        "completion",
        Family::OpenAiCompletion,
        "/choices/0/finish_reason",
        "/choices/0/finish_reason",
    ),
    ("imported", Family::ImportedCompletion, "/stop_reason", "/stop_reason"),
];

fn context() -> ResponseContext {
    ResponseContext {
        request_id: "3e8d3dc8-7b1c-4b1e-8d8e-1b2f0f3a5c11".into(),
        model_id: "local.pebble".into(),
        created: 1_790_000_000,
        input_tokens: 29,
        seed: 42,
    }
}

fn block(choice: u32, index: u32, kind: BlockKind, texts: &[&str]) -> Vec<Event> {
    let mut events = vec![Event::BlockStart { choice, index, kind }];
    let delta = |text: &&str| Event::Delta { choice, index, text: (*text).to_owned() };
    events.extend(texts.iter().map(delta));
    events.push(Event::BlockStop { choice, index });
    events
}

fn call(index: u32, id: &str, texts: &[&str]) -> Vec<Event> {
    block(0, index, BlockKind::ToolUse { id: id.into(), name: "get_weather".into() }, texts)
}

fn stop(choice: u32, reason: StopReason, stop_sequence: Option<&str>) -> Event {
    Event::Stop { choice, reason, stop_sequence: stop_sequence.map(str::to_owned) }
}

fn everything() -> Vec<Event> {
    let mut events = block(0, 0, BlockKind::Reasoning, &["hm", "m"]);
    events.extend(block(0, 1, BlockKind::Text, &["One ", "moment."]));
    events.extend(call(2, "tooluse_1", &["{\"city\":", " \"Bern\"}"]));
    events.extend(call(3, "tooluse_2", &[]));
    events.push(stop(0, StopReason::ToolUse, None));
    events
}

fn plain(reason: StopReason, stop_sequence: Option<&str>) -> Vec<Event> {
    let mut events = block(0, 0, BlockKind::Text, &["Hel", "lo"]);
    events.push(stop(0, reason, stop_sequence));
    events
}

fn unary(family: Family, choices: u32, events: &[Event]) -> Value {
    let all = events.iter().cloned().chain([Event::Usage(USAGE)]);
    let answer = Answer::from_events(choices, all).unwrap();
    encode_answer(family, &answer, &context(), &LATENCY).unwrap()
}

fn stream(family: Family, events: &[Event]) -> Vec<Value> {
    let mut encoder = StreamEncoder::new(family, context()).unwrap();
    let mut chunks = encoder.start();
    chunks.extend(events.iter().flat_map(|event| encoder.push(event)));
    chunks.extend(encoder.push(&Event::Usage(USAGE)));
    chunks.extend(encoder.finish(USAGE, LATENCY));
    chunks
}

#[test]
fn an_answer_in_every_shape() {
    for (name, family, ..) in SERVED {
        let text = plain(StopReason::StopSequence, Some("END"));
        assert_json_snapshot!(format!("{name}_unary"), unary(family, 1, &text));
        assert_json_snapshot!(format!("{name}_stream"), stream(family, &text));
    }
}

#[test]
fn reasoning_and_calls_in_every_shape() {
    for (name, family, ..) in SERVED {
        assert_json_snapshot!(format!("{name}_unary_tools"), unary(family, 1, &everything()));
        assert_json_snapshot!(format!("{name}_stream_tools"), stream(family, &everything()));
    }
}

#[test]
fn openai_choices_are_interleaved_and_carry_log_probabilities() {
    let logprob = TokenLogprob {
        token: "a".into(),
        bytes: b"a".to_vec(),
        logprob: -0.5,
        top: vec![("a".into(), b"a".to_vec(), -0.5)],
        explanation: None,
    };
    let first = block(0, 0, BlockKind::Text, &["a"]);
    let second = block(1, 0, BlockKind::Text, &["b", "c"]);
    let mut events: Vec<Event> = Vec::new();
    for pair in 0..second.len() {
        events.extend(second.get(pair).cloned());
        events.extend(first.get(pair).cloned());
        if pair == 1 {
            events.push(Event::Logprobs { choice: 0, tokens: vec![logprob.clone()] });
        }
    }
    events.push(stop(1, StopReason::MaxTokens, None));
    events.push(stop(0, StopReason::EndTurn, None));
    let family = Family::OpenAiChat;
    assert_json_snapshot!("openai_unary_choices", unary(family, 2, &events));
    assert_json_snapshot!("openai_stream_choices", stream(family, &events));
}

#[test]
fn explanations_stand_beside_log_probabilities_or_in_the_body_itself() {
    let explanation = Explanation { id: 3, stages: Vec::new(), random: None, entropy: 0.5 };
    let told = TokenLogprob {
        token: "a".into(),
        bytes: b"a".to_vec(),
        logprob: -0.5,
        top: Vec::new(),
        explanation: Some(Box::new(explanation)),
    };
    let entry = json!([{"token": "a", "id": 3, "random": null, "entropy": 0.5, "stages": []}]);
    for (name, family, ..) in SERVED {
        let mut events = block(0, 0, BlockKind::Text, &["a"]);
        events.push(Event::Logprobs { choice: 0, tokens: vec![told.clone()] });
        events.push(stop(0, StopReason::EndTurn, None));
        let (body, chunks) = (unary(family, 1, &events), stream(family, &events));
        let beside = [Family::OpenAiChat, Family::OpenAiCompletion, Family::Jamba];
        let (path, carrier) = if beside.contains(&family) {
            let path = "/choices/0/logprobs/explain";
            (path, chunks.iter().find(|chunk| chunk.pointer(path).is_some()))
        } else {
            ("/explain", chunks.last())
        };
        assert_eq!(body.pointer(path), Some(&entry), "{name}: {body}");
        assert_eq!(carrier.unwrap().pointer(path), Some(&entry), "{name}: {chunks:?}");
        let plain = unary(family, 1, &plain(StopReason::EndTurn, None));
        assert!(!plain.to_string().contains("explain"), "{name}: {plain}");
    }
}

#[test]
fn the_last_chunk_and_only_it_carries_the_metrics() {
    let key = "amazon-bedrock-invocationMetrics";
    for (name, family, ..) in SERVED {
        for events in [vec![], plain(StopReason::EndTurn, None), everything()] {
            let chunks = stream(family, &events);
            let (last, before) = chunks.split_last().unwrap();
            assert!(before.iter().all(|chunk| chunk.get(key).is_none()), "{name}");
            assert_eq!(
                last[key],
                json!({
                    "inputTokenCount": 11, "outputTokenCount": 7, "invocationLatency": 321,
                    "firstByteLatency": 45, "cacheReadInputTokenCount": 16,
                    "cacheWriteInputTokenCount": 2,
                })
            );
        }
    }
}

#[test]
fn stop_reasons_have_each_familys_words_and_failures_are_never_passed_off_as_an_end() {
    use StopReason::*;
    // In the order of `SERVED`, up to Cohere; what follows speaks as OpenAI and Llama do.
    let window = "model_context_window_exceeded";
    let [malformed_call, malformed] = [MalformedToolUse, MalformedModelOutput].map(|reason| {
        let word = reason.as_str();
        (reason, format!("{} ERROR", [word; 7].join(" ")))
    });
    let table = [
        (EndTurn, "end_turn stop stop end_turn FINISH stop stop COMPLETE".to_owned()),
        (
            ToolUse,
            "tool_use tool_use tool_calls tool_use tool_use tool_use tool_calls COMPLETE"
                .to_owned(),
        ),
        (
            MaxTokens,
            "max_tokens length length max_tokens LENGTH length length MAX_TOKENS".to_owned(),
        ),
        (
            StopSequence,
            "stop_sequence stop stop stop_sequence STOP_CRITERIA_MET stop stop COMPLETE".to_owned(),
        ),
        (
            ModelContextWindowExceeded,
            format!("{window} length length {window} LENGTH length length ERROR_LIMIT"),
        ),
        malformed_call,
        malformed,
    ];
    for (reason, words) in &table {
        let (reason, words) = (*reason, words.split(' ').collect::<Vec<_>>());
        let like = [words[2], words[1], words[2], words[1]];
        let words = words.into_iter().chain(like);
        for ((name, family, whole, streamed), word) in SERVED.into_iter().zip(words) {
            let events = plain(reason, None);
            let body = unary(family, 1, &events);
            assert_eq!(body.pointer(whole), Some(&json!(word)), "{name}: {body}");
            let chunks = stream(family, &events);
            let told = chunks.iter().filter_map(|chunk| chunk.pointer(streamed));
            let told: Vec<&Value> = told.filter(|reason| !reason.is_null()).collect();
            assert_eq!(told, [&json!(word)], "{name}: {chunks:?}");
        }
    }
}

#[test]
fn a_stream_without_a_stop_says_that_the_output_is_malformed() {
    for (name, family, ..) in SERVED {
        let text = serde_json::to_string(&stream(family, &[])).unwrap();
        let word = if name == "cohere" { "\"ERROR\"" } else { "malformed_model_output" };
        assert!(text.contains(word), "{name}: {text}");
    }
}

#[test]
fn completions_of_several_answers_carry_log_probabilities_with_their_places() {
    let token = |text: &str| TokenLogprob {
        token: text.into(),
        bytes: text.as_bytes().to_vec(),
        logprob: -0.5,
        top: vec![(text.into(), text.as_bytes().to_vec(), -0.5)],
        explanation: None,
    };
    let mut events = block(0, 0, BlockKind::Text, &["Grü"]);
    events.push(Event::Logprobs { choice: 0, tokens: vec![token("Grü")] });
    events.extend(block(1, 0, BlockKind::Text, &["x"]));
    events.extend(block(0, 1, BlockKind::Text, &["ße"]));
    events.push(Event::Logprobs { choice: 0, tokens: vec![token("ß"), token("e")] });
    events.push(stop(1, StopReason::MaxTokens, None));
    events.push(stop(0, StopReason::EndTurn, None));
    let family = Family::OpenAiCompletion;
    let body = unary(family, 2, &events);
    assert_eq!(body["choices"][0]["text"], "Grüße");
    assert_eq!(body["choices"][0]["logprobs"]["text_offset"], json!([0, 3, 4]));
    assert_eq!(body["choices"][0]["logprobs"]["top_logprobs"][0], json!({"Grü": -0.5}));
    assert_eq!(body["choices"][1]["logprobs"], Value::Null);
    let chunks = stream(family, &events);
    let offsets: Vec<&Value> = chunks
        .iter()
        .filter_map(|chunk| chunk.pointer("/choices/0/logprobs/text_offset"))
        .collect();
    assert_eq!(offsets, [&json!([0]), &json!([3, 4])]);
}

#[test]
fn a_cut_off_call_shows_where_the_shape_can_hold_it() {
    let mut events = call(0, "tooluse_1", &["{\"city\": \"Be"]);
    events.push(stop(0, StopReason::MaxTokens, None));
    let anthropic = unary(Family::AnthropicMessages, 1, &events);
    assert_eq!(anthropic["content"], json!([]));
    let openai = unary(Family::OpenAiChat, 1, &events);
    let calls = &openai["choices"][0]["message"]["tool_calls"];
    assert_eq!(calls[0]["function"]["arguments"], json!("{\"city\": \"Be"));
    let mistral = unary(Family::MistralChat, 1, &events);
    let calls = &mistral["choices"][0]["message"]["tool_calls"];
    assert_eq!(calls[0]["function"]["arguments"], json!("{\"city\": \"Be"));
    assert_eq!(unary(Family::CohereCommand, 1, &events).get("tool_calls"), None);
    assert_eq!(unary(Family::Nova, 1, &events)["output"]["message"]["content"], json!([]));
}
