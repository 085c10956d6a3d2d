//! Anthropic's Messages: the body of [`crate::families`]' Anthropic family, which here names its model and has its
//! version in a header.

use serde_json::{Value, json};

use super::{Named, UNEXPLAINED, read, read_address};
use crate::canonical::{Answer, Event, Latency, ResponseContext, Usage};
use crate::error::WireError;
use crate::families::{NativeStream as _, anthropic};
use crate::sse;

/// What a body to be counted must not have: there is no answer.
const OF_ANSWERS: [&str; 6] =
    ["max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences"];

/// Reads the body.
///
/// # Errors
/// A ValidationException that names the field.
pub fn parse_request(body: &[u8]) -> Result<Named<()>, WireError> {
    read(body, |fields| {
        let (model, streaming) = read_address(fields)?;
        fields.refuse(&["explain"], UNEXPLAINED)?;
        let request = anthropic::read_body(fields)?;
        Ok(Named { model, streaming, request, shown: () })
    })
}

/// Reads the body of a count of tokens.
///
/// # Errors
/// A ValidationException that names the field.
pub fn parse_countable(body: &[u8]) -> Result<Named<()>, WireError> {
    read(body, |fields| {
        fields.refuse(&OF_ANSWERS, "is not permitted where tokens are only counted")?;
        let (model, streaming) = read_address(fields)?;
        let request = anthropic::read_countable(fields)?;
        Ok(Named { model, streaming, request, shown: () })
    })
}

/// The body of a whole answer.
#[must_use]
pub fn encode_answer(answer: &Answer, context: &ResponseContext) -> Value {
    anthropic::encode(answer, context)
}

/// The body of a count of tokens.
#[must_use]
pub fn encode_count(input_tokens: u64) -> Value {
    json!({"input_tokens": input_tokens})
}

/// The event that keeps a stream alive.
#[must_use]
pub fn ping() -> sse::Event {
    sse::Event::typed(&json!({"type": "ping"}))
}

/// Turns canonical events into the events of one stream.
#[derive(Clone, Debug)]
pub struct StreamEncoder(anthropic::Stream);

impl StreamEncoder {
    /// An encoder for one response.
    #[must_use]
    pub fn new(context: ResponseContext) -> Self {
        StreamEncoder(anthropic::Stream::new(context))
    }

    /// The events before the first of the answer.
    #[must_use]
    pub fn start(&mut self) -> Vec<sse::Event> {
        typed(&self.0.start())
    }

    /// The events of an event.
    #[must_use]
    pub fn push(&mut self, event: &Event) -> Vec<sse::Event> {
        typed(&self.0.push(event))
    }

    /// The last events.
    #[must_use]
    pub fn finish(&mut self, usage: Usage, _latency: Latency) -> Vec<sse::Event> {
        typed(&self.0.finish(usage))
    }
}

fn typed(events: &[Value]) -> Vec<sse::Event> {
    events.iter().map(sse::Event::typed).collect()
}
