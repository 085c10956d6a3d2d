//! Amazon Nova: Converse's messages, system texts and tools, with an `inferenceConfig` of its own.
//!
//! The readers and encoders are Converse's. Accepted beyond Nova's own keys: the common parameters, at the top level.
//! Accepted without effect: nothing. `reasoningConfig` may only be disabled. How long an answer may be differs by model:
//! the catalogue knows.

use serde_json::{Map, Value, json};

use super::{Codec, Invocation, NativeStream};
use crate::canonical::{Answer, Event, Latency, Prompt, Request, ResponseContext, Turns, Usage};
use crate::converse::{self, Echo, Reading};
use crate::error::WireError;
use crate::family::Family;
use crate::json::Fields;
use crate::parameters::{Absent, Number, Parameters, Whole, number, stops, whole};

/// Bedrock names no limit; Converse has this one.
const STOP_SEQUENCES_MAX: usize = 2500;

pub(super) const CODEC: Codec = Codec {
    family: Family::Nova,
    parameters: &[Parameters {
        models: "",
        group: Some("inferenceConfig"),
        // The older keys are those of Nova's first guide.
        rows: &[
            whole(Whole::MaxTokens, "maxTokens", (1, u32::MAX), Absent::Model).or("max_new_tokens"),
            number(Number::Temperature, "temperature", (0.000_01, 1.0), Absent::Is(0.7)),
            number(Number::TopP, "topP", (0.0, 1.0), Absent::Is(0.9)).or("top_p"),
            whole(Whole::TopK, "topK", (0, 128), Absent::Off).or("top_k"),
            stops("stopSequences", STOP_SEQUENCES_MAX),
        ],
    }],
    read,
    encode,
    stream: |context| Box::new(Stream(converse::StreamEncoder::new(&context, Echo::default()))),
    echo: None,
    tells_logprobs: false,
};

fn read(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    _: Invocation<'_>,
) -> Result<Request, WireError> {
    let mut request = Request::new(Prompt::Turns(Turns::default()));
    if let Some(version) = fields.take("schemaVersion") {
        version.word(&[("messages-v1", ())])?;
    }
    converse::read_turns(fields, &mut request, Reading::default())?;
    parameters.read_with(fields, &mut request, read_reasoning)?;
    Ok(request)
}

fn read_reasoning(fields: &mut Fields<'_>) -> Result<(), WireError> {
    let Some(reasoning) = fields.take("reasoningConfig") else { return Ok(()) };
    reasoning.read(|fields| match fields.take("type") {
        Some(kind) if kind.text()? != "disabled" => {
            Err(kind.error("extended thinking is not supported by this model"))
        }
        Some(_) | None => Ok(()),
    })
}

fn encode(answer: &Answer, context: &ResponseContext) -> Value {
    let whole = converse::encode_answer(answer, context, &Latency::default(), &Echo::default());
    json!({
        "output": whole["output"],
        "stopReason": whole["stopReason"],
        "usage": usage_value(answer.usage),
    })
}

/// As Converse has it, but for the names of cached tokens.
fn usage_value(usage: Usage) -> Value {
    json!({
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.cache_read + usage.cache_write + usage.output,
        "cacheReadInputTokenCount": usage.cache_read,
        "cacheWriteInputTokenCount": usage.cache_write,
    })
}

/// Converse's events, each under its name.
#[derive(Clone, Debug)]
struct Stream(converse::StreamEncoder);

fn named((name, payload): converse::Frame) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), payload)]))
}

impl NativeStream for Stream {
    fn start(&mut self) -> Vec<Value> {
        self.0.start().into_iter().map(named).collect()
    }

    fn push(&mut self, event: &Event) -> Vec<Value> {
        self.0.push(event).into_iter().map(named).collect()
    }

    fn finish(&mut self, usage: Usage) -> Vec<Value> {
        let frames = self.0.finish(usage, Latency::default()).into_iter().map(named);
        let mut chunks: Vec<Value> = frames.collect();
        // The times stand in the invocation's metrics.
        if let Some(last) = chunks.last_mut() {
            *last = json!({"metadata": {"usage": usage_value(usage), "metrics": {}, "trace": {}}});
        }
        chunks
    }
}
