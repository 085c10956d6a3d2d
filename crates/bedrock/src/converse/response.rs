//! The response of Converse, and the parts that ConverseStream shares with it.

use serde_json::{Map, Value, json};

use super::explain::{explain_value, insert_explanations};
use crate::canonical::{
    Answer, AnswerBlock, BlockKind, Choice, Latency, Request, ResponseContext, ServiceTier,
    StopReason, TokenLogprob, Usage,
};

/// What of the request shows in the response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Echo {
    /// The paths of `additionalModelResponseFieldPaths`.
    pub response_fields: Vec<String>,
    /// The tier that served it.
    pub service_tier: ServiceTier,
}

impl Echo {
    /// What of `request` shows.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Echo {
            response_fields: request.response_fields.clone(),
            service_tier: request.service_tier,
        }
    }
}

/// The body of a Converse response.
///
/// A tool call whose input is not whole JSON (the answer was cut off inside it) is left out; the stop reason says why.
#[must_use]
pub fn encode_answer(
    answer: &Answer,
    context: &ResponseContext,
    latency: &Latency,
    echo: &Echo,
) -> Value {
    let choice = answer.choices.first();
    let content: Vec<Value> =
        choice.map_or(&[][..], |choice| &choice.content).iter().filter_map(content_block).collect();
    let reason = choice.map_or(StopReason::MalformedModelOutput, |choice| choice.stop_reason);
    let mut body = Map::new();
    body.insert("output".into(), json!({"message": {"role": "assistant", "content": content}}));
    body.insert("stopReason".into(), reason.as_str().into());
    body.insert("usage".into(), usage_value(answer.usage));
    body.insert("metrics".into(), json!({"latencyMs": latency.total_ms}));
    let fields = choice.and_then(|choice| {
        additional_fields(&echo.response_fields, &response_fields(choice, context.seed))
    });
    if let Some(fields) = fields {
        body.insert("additionalModelResponseFields".into(), fields);
    }
    insert_served(&mut body, echo);
    Value::Object(body)
}

fn content_block(block: &AnswerBlock) -> Option<Value> {
    match &block.kind {
        BlockKind::Text => Some(json!({"text": block.text})),
        BlockKind::Reasoning => {
            Some(json!({"reasoningContent": {"reasoningText": {"text": block.text}}}))
        }
        BlockKind::ToolUse { id, name } => {
            let input = tool_input(&block.text)?;
            Some(json!({"toolUse": {"toolUseId": id, "name": name, "input": input}}))
        }
    }
}

/// A tool's input as JSON: an object, and an empty one if the model gave no text at all.
pub(crate) fn tool_input(text: &str) -> Option<Value> {
    if text.trim().is_empty() {
        return Some(json!({}));
    }
    serde_json::from_str(text).ok().filter(Value::is_object)
}

/// `usage`. The total counts cached tokens too, which `inputTokens` leaves out.
pub(super) fn usage_value(usage: Usage) -> Value {
    json!({
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.cache_read + usage.cache_write + usage.output,
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokens": usage.cache_write,
    })
}

/// How the request was served: no model here has an optimised latency, so it is always the standard one.
pub(super) fn insert_served(body: &mut Map<String, Value>, echo: &Echo) {
    body.insert("performanceConfig".into(), json!({"latency": "standard"}));
    body.insert("serviceTier".into(), json!({"type": echo.service_tier.as_str()}));
}

/// All that a path may name: `/stop_sequence` (text or null), `/delta/stop_sequence` (the same, where Claude's stream
/// has it), `/logprobs` (null, or `content` with one entry a token as in OpenAI's bodies), `/explain` (null, or one entry
/// a token), `/seed` (the seed in use).
#[must_use]
pub fn response_fields(choice: &Choice, seed: u64) -> Value {
    json!({
        "stop_sequence": choice.stop_sequence,
        "delta": {"stop_sequence": choice.stop_sequence},
        "logprobs": content_value(&choice.logprobs),
        "explain": explain_value(&choice.logprobs),
        "seed": seed,
    })
}

/// `logprobs` of OpenAI's bodies, null if there are none: the log-probabilities, and beside them the explanations.
pub(crate) fn logprobs_value(tokens: &[TokenLogprob]) -> Value {
    let mut value = content_value(tokens);
    insert_explanations(&mut value, tokens);
    value
}

/// Log-probabilities as in OpenAI's bodies; null if there are none.
fn content_value(tokens: &[TokenLogprob]) -> Value {
    if tokens.is_empty() {
        return Value::Null;
    }
    let entry = |token: &str, bytes: &[u8], logprob: f32| json!({"token": token, "bytes": bytes, "logprob": finite(logprob)});
    let content: Vec<Value> = tokens
        .iter()
        .map(|token| {
            let mut value = entry(&token.token, &token.bytes, token.logprob);
            let top = token.top.iter().map(|(text, bytes, logprob)| entry(text, bytes, *logprob));
            value["top_logprobs"] = top.collect();
            value
        })
        .collect();
    json!({"content": content})
}

/// JSON has no infinity: impossible tokens get −9999, as in OpenAI's API. Shortest decimal that reads back the same.
pub(crate) fn finite(logprob: f32) -> Value {
    let shown = if logprob.is_finite() { logprob } else { -9999.0 };
    shown.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// The fields that `paths` name, each under its own path; paths to nothing are skipped.
pub(super) fn additional_fields(paths: &[String], fields: &Value) -> Option<Value> {
    if paths.is_empty() {
        return None;
    }
    let mut named = Map::new();
    for path in paths {
        if let Some(value) = fields.pointer(path) {
            let keys: Vec<String> = path
                .split('/')
                .skip(1)
                .map(|key| key.replace("~1", "/").replace("~0", "~"))
                .collect();
            insert_at(&mut named, &keys, value);
        }
    }
    Some(Value::Object(named))
}

fn insert_at(map: &mut Map<String, Value>, keys: &[String], value: &Value) {
    match keys {
        [] => {}
        [last] => {
            map.insert(last.clone(), value.clone());
        }
        [first, rest @ ..] => {
            let inner = map.entry(first.as_str()).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                insert_at(inner, rest, value);
            }
        }
    }
}

impl StopReason {
    /// Bedrock's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StopReason::EndTurn => "end_turn",
            StopReason::ToolUse => "tool_use",
            StopReason::MaxTokens => "max_tokens",
            StopReason::StopSequence => "stop_sequence",
            StopReason::MalformedToolUse => "malformed_tool_use",
            StopReason::MalformedModelOutput => "malformed_model_output",
            StopReason::ModelContextWindowExceeded => "model_context_window_exceeded",
        }
    }
}
