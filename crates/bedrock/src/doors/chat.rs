//! OpenAI's chat completions: the body of [`crate::families`]' OpenAI family, which here names its model.

use serde_json::Value;

use super::{Named, read, read_address};
use crate::canonical::{Answer, Event, Latency, ResponseContext, Usage};
use crate::error::WireError;
use crate::families::{Invocation, NativeStream as _, openai};
use crate::sse;

/// What of the body shows in the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `stream_options.include_usage`: a last chunk tells the usage.
    pub include_usage: bool,
}

/// Reads the body.
///
/// # Errors
/// A ValidationException that names the field.
pub fn parse_request(body: &[u8]) -> Result<Named<Options>, WireError> {
    read(body, |fields| {
        let (model, streaming) = read_address(fields)?;
        let include_usage = match fields.take("stream_options") {
            Some(options) if !streaming => {
                return Err(options.error("is only allowed when stream is true"));
            }
            Some(options) => options.object()?.get("include_usage") == Some(&Value::Bool(true)),
            None => false,
        };
        let invocation = Invocation { streaming: None, model_id: Some(&model) };
        let request = openai::read_request(fields, invocation)?;
        Ok(Named { model, streaming, request, shown: Options { include_usage } })
    })
}

/// The body of a whole answer.
#[must_use]
pub fn encode_answer(answer: &Answer, context: &ResponseContext) -> Value {
    openai::encode(answer, context)
}

/// Turns canonical events into the events of one stream.
///
/// Usage is told only if asked for, in a last chunk without choices; then all others have a null in its place.
#[derive(Clone, Debug)]
pub struct StreamEncoder {
    chunks: openai::Stream,
    options: Options,
}

impl StreamEncoder {
    /// An encoder for one response.
    #[must_use]
    pub fn new(context: ResponseContext, options: Options) -> Self {
        StreamEncoder { chunks: openai::Stream::new(context), options }
    }

    /// Nothing comes before the first event.
    #[must_use]
    pub fn start(&mut self) -> Vec<sse::Event> {
        Vec::new()
    }

    /// The chunks of an event.
    #[must_use]
    pub fn push(&mut self, event: &Event) -> Vec<sse::Event> {
        let chunks = self.chunks.push(event);
        chunks.into_iter().map(|chunk| self.without_usage(chunk)).collect()
    }

    /// The last chunks, and `[DONE]`.
    #[must_use]
    pub fn finish(&mut self, usage: Usage, _latency: Latency) -> Vec<sse::Event> {
        let last = self.chunks.last();
        let mut events = vec![self.without_usage(last)];
        if self.options.include_usage {
            events.push(sse::Event::data(&self.chunks.usage_chunk(usage)));
        }
        events.push(sse::Event::done());
        events
    }

    fn without_usage(&self, mut chunk: Value) -> sse::Event {
        if self.options.include_usage {
            chunk["usage"] = Value::Null;
        }
        sse::Event::data(&chunk)
    }
}
