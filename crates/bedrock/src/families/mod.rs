//! Native bodies of InvokeModel, one file a family: body to canonical request, canonical answer and events to the
//! family's response and chunks.
//!
//! Each file names its keys, ranges and defaults, and lists the keys that it accepts without effect. What Bedrock's
//! families lack (seed, min_p, penalties, …) is accepted everywhere: see the crate's `sampling` module.
//! Source: the "model parameters" pages of the Bedrock user guide.

mod anthropic;
mod llama;
mod openai;

use serde_json::{Value, json};

use crate::canonical::{Answer, Event, Latency, Request, ResponseContext, TokenLogprob, Usage};
use crate::converse::explain_value;
use crate::error::WireError;
use crate::family::Family;
use crate::json::{self, Node, Wording};

/// What a body is sent to: some bodies repeat it and must agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// Whether the operation streams; `None` where it does not matter (CountTokens).
    pub streaming: Option<bool>,
    /// The model id in the path, decoded; `None` where it is unknown.
    pub model_id: Option<&'a str>,
}

/// The shapes that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Anthropic,
    Llama,
    OpenAi,
}

impl Shape {
    /// Whether the shape carries log-probabilities, and explanations with them.
    fn has_logprobs(self) -> bool {
        self == Shape::OpenAi
    }
}

fn shape(family: Family) -> Result<Shape, WireError> {
    match family {
        Family::AnthropicMessages => Ok(Shape::Anthropic),
        Family::MetaLlama => Ok(Shape::Llama),
        Family::OpenAiChat => Ok(Shape::OpenAi),
        other => Err(WireError::validation(format!(
            "InvokeModel with {} bodies is not supported by this server. Use Converse for this \
             model instead.",
            other.name()
        ))),
    }
}

/// Reads a native body; `streaming` says which operation it came with.
///
/// # Errors
/// A ValidationException that names the field, or the family if its bodies are not served.
pub fn parse_request(family: Family, body: &[u8], streaming: bool) -> Result<Request, WireError> {
    parse_invocation(family, body, Invocation { streaming: Some(streaming), model_id: None })
}

/// Reads a native body that must agree with what it is sent to.
///
/// # Errors
/// A ValidationException that names the field, or the family if its bodies are not served.
pub fn parse_invocation(
    family: Family,
    body: &[u8],
    invocation: Invocation<'_>,
) -> Result<Request, WireError> {
    let shape = shape(family)?;
    let value = json::parse(body)?;
    let node = Node::root(&value, Wording::Native);
    match shape {
        Shape::Anthropic => node.read(anthropic::read_request),
        Shape::Llama => node.read(llama::read_request),
        Shape::OpenAi => node.read(|fields| openai::read_request(fields, invocation)),
    }
}

/// The body of a unary response.
///
/// # Errors
/// The family's bodies are not served.
pub fn encode_answer(
    family: Family,
    answer: &Answer,
    context: &ResponseContext,
    latency: &Latency,
) -> Result<Value, WireError> {
    let _ = latency; // No native unary body carries times; they go into headers.
    let shape = shape(family)?;
    let mut body = match shape {
        Shape::Anthropic => anthropic::encode_answer(answer, context),
        Shape::Llama => llama::encode_answer(answer),
        Shape::OpenAi => openai::encode_answer(answer, context),
    };
    if !shape.has_logprobs() {
        let tokens = answer.choices.first().map_or(&[][..], |choice| &choice.logprobs);
        insert_explanations(&mut body, tokens);
    }
    Ok(body)
}

/// A field of our own, in bodies that have no log-probabilities for it to stand beside.
fn insert_explanations(body: &mut Value, tokens: &[TokenLogprob]) {
    let explained = explain_value(tokens);
    if !explained.is_null() {
        body["explain"] = explained;
    }
}

/// Turns canonical events into the native chunks of one response.
#[derive(Clone, Debug)]
pub struct StreamEncoder {
    encoder: Encoder,
    /// Tokens whose explanations leave with the last chunk, in shapes without log-probabilities.
    explained: Option<Vec<TokenLogprob>>,
}

#[derive(Clone, Debug)]
enum Encoder {
    Anthropic(anthropic::Stream),
    Llama(llama::Stream),
    OpenAi(openai::Stream),
}

impl StreamEncoder {
    /// An encoder for one response.
    ///
    /// # Errors
    /// The family's bodies are not served.
    pub fn new(family: Family, context: ResponseContext) -> Result<Self, WireError> {
        let shape = shape(family)?;
        let encoder = match shape {
            Shape::Anthropic => Encoder::Anthropic(anthropic::Stream::new(context)),
            Shape::Llama => Encoder::Llama(llama::Stream::new(&context)),
            Shape::OpenAi => Encoder::OpenAi(openai::Stream::new(context)),
        };
        let explained = (!shape.has_logprobs()).then(Vec::new);
        Ok(StreamEncoder { encoder, explained })
    }

    /// The chunks before the first event.
    #[must_use]
    pub fn start(&mut self) -> Vec<Value> {
        match &mut self.encoder {
            Encoder::Anthropic(stream) => stream.start(),
            Encoder::Llama(_) | Encoder::OpenAi(_) => Vec::new(),
        }
    }

    /// The chunks of an event.
    #[must_use]
    pub fn push(&mut self, event: &Event) -> Vec<Value> {
        if let (Some(explained), Event::Logprobs { tokens, .. }) = (&mut self.explained, event) {
            explained.extend(tokens.iter().filter(|token| token.explanation.is_some()).cloned());
        }
        match &mut self.encoder {
            Encoder::Anthropic(stream) => stream.push(event),
            Encoder::Llama(stream) => stream.push(event),
            Encoder::OpenAi(stream) => stream.push(event),
        }
    }

    /// The last chunks; the very last carries `amazon-bedrock-invocationMetrics`.
    #[must_use]
    pub fn finish(&mut self, usage: Usage, latency: Latency) -> Vec<Value> {
        let mut chunks = match &mut self.encoder {
            Encoder::Anthropic(stream) => stream.finish(usage),
            Encoder::Llama(stream) => stream.finish(usage),
            Encoder::OpenAi(stream) => stream.finish(usage),
        };
        if let Some(last) = chunks.last_mut() {
            insert_explanations(last, self.explained.as_deref().unwrap_or_default());
            last["amazon-bedrock-invocationMetrics"] = invocation_metrics(usage, latency);
        }
        chunks
    }
}

fn invocation_metrics(usage: Usage, latency: Latency) -> Value {
    json!({
        "inputTokenCount": usage.input,
        "outputTokenCount": usage.output,
        "invocationLatency": latency.total_ms,
        "firstByteLatency": latency.first_byte_ms,
        "cacheReadInputTokenCount": usage.cache_read,
        "cacheWriteInputTokenCount": usage.cache_write,
    })
}

#[cfg(test)]
mod tests;
