//! Native bodies of InvokeModel, one file a family: body to canonical request, canonical answer and events to the
//! family's response and chunks.
//!
//! A new family is a file with a `CODEC`, and a row of `CODECS`. Each file names its parameters with ranges
//! and defaults, and lists the keys that it accepts without effect. What Bedrock's families lack (seed, min_p,
//! penalties, …) is accepted everywhere: see [`crate::parameters`].
//! Source: the "model parameters" pages of the Bedrock user guide.

pub(crate) mod anthropic;
mod cohere;
mod deepseek;
mod imported;
mod jamba;
mod llama;
mod mistral_chat;
mod mistral_text;
mod nova;
pub(crate) mod openai;
mod text;
mod titan;

use std::fmt::Debug;

use serde_json::{Value, json};

use crate::canonical::{Answer, Event, Latency, Request, ResponseContext, TokenLogprob, Usage};
use crate::converse::insert_explanations;
use crate::error::WireError;
use crate::family::Family;
use crate::json::{self, Fields, Node, Wording};
use crate::model_id::Geo;
use crate::parameters::Parameters;

/// What a body is sent to: some bodies repeat it and must agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// Whether the operation streams; `None` where it does not matter (CountTokens).
    pub streaming: Option<bool>,
    /// The model id in the path, decoded; `None` where it is unknown.
    pub model_id: Option<&'a str>,
}

/// How a family's bodies are read and written.
struct Codec {
    family: Family,
    /// By model: see [`Parameters::models`].
    parameters: &'static [Parameters],
    read: fn(&mut Fields<'_>, &Parameters, Invocation<'_>) -> Result<Request, WireError>,
    encode: fn(&Answer, &ResponseContext) -> Value,
    stream: fn(ResponseContext) -> Box<dyn NativeStream>,
    /// Adds what the answer repeats of the request, in the families that do so.
    echo: Option<fn(&Request, &mut Value)>,
    /// Whether its answers have log-probabilities, beside which explanations stand then.
    tells_logprobs: bool,
}

/// Every family of text.
const CODECS: [Codec; 12] = [
    anthropic::CODEC,
    nova::CODEC,
    titan::CODEC,
    llama::CODEC,
    mistral_text::CODEC,
    mistral_chat::CODEC,
    cohere::CODEC,
    jamba::CODEC,
    deepseek::CODEC,
    openai::CODEC,
    openai::COMPLETION,
    imported::CODEC,
];

/// Turns events into the chunks of one family.
pub(crate) trait NativeStream: Debug + Send {
    /// Tells what the end of the stream repeats of the request, in the families that do so.
    fn echo(&mut self, _: &Request) {}

    /// The chunks before the first event.
    fn start(&mut self) -> Vec<Value> {
        Vec::new()
    }

    /// The chunks of an event.
    fn push(&mut self, event: &Event) -> Vec<Value>;

    /// The last chunks, at least one.
    fn finish(&mut self, usage: Usage) -> Vec<Value>;
}

fn codec(family: Family) -> Result<&'static Codec, WireError> {
    const ALL: &[Codec] = &CODECS;
    ALL.iter().find(|codec| codec.family == family).ok_or_else(|| {
        WireError::validation(format!(
            "InvokeModel with {} bodies is not supported by this server.",
            family.name()
        ))
    })
}

impl Codec {
    /// The parameters of a model.
    fn parameters_of(&self, model_id: Option<&str>) -> &'static Parameters {
        let id = model_id.unwrap_or_default();
        let base = Geo::split(id).map_or(id, |(_, base)| base);
        let named = self.parameters.iter().filter(|row| base.starts_with(row.models));
        named.max_by_key(|row| row.models.len()).unwrap_or(&self.parameters[0])
    }

    fn parse(&self, body: &Node<'_>, invocation: Invocation<'_>) -> Result<Request, WireError> {
        let parameters = self.parameters_of(invocation.model_id);
        body.read(|fields| (self.read)(fields, parameters, invocation))
    }
}

/// The parameters of every family, by family and then by model.
pub fn parameters() -> impl Iterator<Item = (Family, &'static Parameters)> {
    CODECS.into_iter().flat_map(|codec| codec.parameters.iter().map(move |row| (codec.family, row)))
}

/// Reads a native body; `streaming` says which operation it came with.
///
/// # Errors
/// A ValidationException that names the field, or the family if it does not generate text.
pub fn parse_request(family: Family, body: &[u8], streaming: bool) -> Result<Request, WireError> {
    parse_invocation(family, body, Invocation { streaming: Some(streaming), model_id: None })
}

/// Reads a native body that must agree with what it is sent to.
///
/// # Errors
/// A ValidationException that names the field, or the family if it does not generate text.
pub fn parse_invocation(
    family: Family,
    body: &[u8],
    invocation: Invocation<'_>,
) -> Result<Request, WireError> {
    parse_told(Some(family), body, invocation).map(|(_, request)| request)
}

/// The same for a model whose vendor may be unknown: such a body has one of the forms of imported models and tells
/// itself which. The family that comes back is the one to answer in.
///
/// # Errors
/// A ValidationException that names the field, or the family if it does not generate text.
pub fn parse_told(
    family: Option<Family>,
    body: &[u8],
    invocation: Invocation<'_>,
) -> Result<(Family, Request), WireError> {
    let known = family.map(codec).transpose()?;
    let value = json::parse(body)?;
    let node = Node::root(&value, Wording::Native);
    let codec = match known {
        Some(known) => known,
        None => codec(imported::told(&node)?)?,
    };
    Ok((codec.family, codec.parse(&node, invocation)?))
}

/// The body of a unary response, but for what [`echo`] adds.
///
/// # Errors
/// The family does not generate text.
pub fn encode_answer(
    family: Family,
    answer: &Answer,
    context: &ResponseContext,
    latency: &Latency,
) -> Result<Value, WireError> {
    let _ = latency; // No native unary body carries times; they go into headers.
    let codec = codec(family)?;
    let mut body = (codec.encode)(answer, context);
    if !codec.tells_logprobs {
        let tokens = answer.choices.first().map_or(&[][..], |choice| &choice.logprobs);
        insert_explanations(&mut body, tokens);
    }
    Ok(body)
}

/// Whether a family's answers repeat a part of the request.
#[must_use]
pub fn echoes(family: Family) -> bool {
    codec(family).is_ok_and(|codec| codec.echo.is_some())
}

/// Adds to a unary response what the family's repeats of the request: Cohere's has the history of the conversation.
pub fn echo(family: Family, request: &Request, body: &mut Value) {
    if let Ok(Codec { echo: Some(echo), .. }) = codec(family) {
        echo(request, body);
    }
}

/// Turns canonical events into the native chunks of one response.
#[derive(Debug)]
pub struct StreamEncoder {
    stream: Box<dyn NativeStream>,
    /// Tokens whose explanations leave with the last chunk, in families without log-probabilities.
    explained: Option<Vec<TokenLogprob>>,
}

impl StreamEncoder {
    /// An encoder for one response.
    ///
    /// # Errors
    /// The family does not generate text.
    pub fn new(family: Family, context: ResponseContext) -> Result<Self, WireError> {
        let codec = codec(family)?;
        let explained = (!codec.tells_logprobs).then(Vec::new);
        Ok(StreamEncoder { stream: (codec.stream)(context), explained })
    }

    /// Tells the request, of which some families repeat a part at the end: see [`echo`].
    #[must_use]
    pub fn echoing(mut self, request: &Request) -> Self {
        self.stream.echo(request);
        self
    }

    /// The chunks before the first event.
    #[must_use]
    pub fn start(&mut self) -> Vec<Value> {
        self.stream.start()
    }

    /// The chunks of an event.
    #[must_use]
    pub fn push(&mut self, event: &Event) -> Vec<Value> {
        if let (Some(explained), Event::Logprobs { tokens, .. }) = (&mut self.explained, event) {
            explained.extend(tokens.iter().filter(|token| token.explanation.is_some()).cloned());
        }
        self.stream.push(event)
    }

    /// The last chunks; the very last carries `amazon-bedrock-invocationMetrics`.
    #[must_use]
    pub fn finish(&mut self, usage: Usage, latency: Latency) -> Vec<Value> {
        let mut chunks = self.stream.finish(usage);
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
