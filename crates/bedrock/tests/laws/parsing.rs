use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::bodies;

/// Names that some body knows, so that random objects get past the first key.
const NAMES: &str = "messages role content text toolUse toolUseId name input toolResult json status \
    reasoningContent reasoningText signature system inferenceConfig maxTokens temperature topP topK \
    stopSequences toolConfig tools toolSpec inputSchema toolChoice auto any tool \
    additionalModelRequestFields additionalModelResponseFieldPaths requestMetadata serviceTier type \
    performanceConfig latency top_k min_p seed presence_penalty frequency_penalty \
    repetition_penalty logit_bias logprobs top_logprobs explain max_tokens max_completion_tokens \
    anthropic_version tool_use tool_result tool_use_id tool_choice id is_error thinking \
    stop_sequences prompt max_gen_len top_p stop n stream model function parameters tool_calls \
    document format bytes source context citations enabled title media_type data \
    tool_call_id arguments reasoning_content response_format input_schema converse invokeModel body \
    instructions call_id output summary max_output_tokens include metadata stream_options \
    schemaVersion reasoningConfig inputText textGenerationConfig maxTokenCount message chat_history \
    role preamble parameter_definitions required tool_results call parameters outputs documents \
    raw_prompting search_queries_only return_prompt prompt_truncation p k echo suffix best_of \
    structured_outputs return_logprobs images";

const WORDS: [&str; 20] = [
    "USER",
    "CHATBOT",
    "List[str]",
    "any",
    "user",
    "assistant",
    "system",
    "tool",
    "text",
    "hi",
    " ",
    "",
    "/a/b",
    "default",
    "custom",
    "function",
    "{}",
    "a",
    "eyJwcm9tcHQiOiJhIn0=",
    "tool_use",
];

/// Bodies that are JSON. The fuzzer's finds, named `found_…`, need not be good ones.
fn corpus(good: bool) -> Vec<(u8, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/bodies");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let found = |path: &std::path::Path| path.to_string_lossy().contains("found_");
    let bodies: Vec<(u8, Value)> = files
        .iter()
        .filter(|path| !good || !found(path))
        .filter_map(|path| {
            let data = std::fs::read(path).unwrap();
            Some((data[0], serde_json::from_slice(&data[1..]).ok()?))
        })
        .collect();
    assert!(bodies.len() >= 8, "{} bodies in {folder}", bodies.len());
    bodies
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-2i64..40).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0.0..2.0f64).prop_map(Value::from),
        proptest::sample::select(&WORDS[..]).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ]
}

fn key() -> impl Strategy<Value = String> {
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    prop_oneof![9 => proptest::sample::select(names).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn json() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn nodes(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(map) => map.values().map(nodes).sum(),
        _ => 0,
    };
    1 + inner
}

/// Replaces node number `index`, counted in order.
fn replace(value: &mut Value, index: &mut usize, new: &Value) {
    if *index == 0 {
        *value = new.clone();
    }
    *index = index.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, index, new)),
        Value::Object(map) => map.values_mut().for_each(|item| replace(item, index, new)),
        _ => {}
    }
}

fn check(which: u8, body: &Value) {
    let mut data = vec![which];
    data.extend(body.to_string().into_bytes());
    bodies::check(&data);
}

proptest! {
    #[test]
    fn any_json_gets_an_answer(which in 0..bodies::READERS, body in json()) {
        check(which, &body);
    }

    #[test]
    fn a_good_body_with_one_part_replaced_gets_an_answer(
        pick in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        new in json(),
    ) {
        let corpus = corpus(false);
        let (which, mut body) = corpus[pick.index(corpus.len())].clone();
        let mut index = at.index(nodes(&body));
        replace(&mut body, &mut index, &new);
        check(which, &body);
    }

    #[test]
    fn any_bytes_get_an_answer(data in prop::collection::vec(any::<u8>(), 0..64)) {
        bodies::check(&data);
    }
}

#[test]
fn what_the_fuzzer_found_stays_mended() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/bodies");
    for entry in std::fs::read_dir(folder).unwrap() {
        bodies::check(&std::fs::read(entry.unwrap().path()).unwrap());
    }
}

#[test]
fn the_corpus_is_read_and_replacing_any_part_with_the_usual_wrong_things_gets_an_answer() {
    let wrong: Vec<Value> =
        ["null", "[]", "{}", "-1", "1e300", "\"\"", "true", "[{}]", "18446744073709551615"]
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
    for (which, body) in corpus(true) {
        let text = body.to_string();
        let read = bodies::read(which, text.as_bytes());
        assert!(read.is_ok(), "{text}: {read:?}");
        for index in 0..nodes(&body) {
            for new in &wrong {
                let mut damaged = body.clone();
                replace(&mut damaged, &mut index.clone(), new);
                check(which, &damaged);
            }
        }
    }
}
