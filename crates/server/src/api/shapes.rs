//! What tells one generating operation from another: its shapes. All else they share is [`answer`]: from a canonical
//! request to a whole answer or a stream.

use std::sync::Arc;

use bedrock::canonical::{Answer, Event, Latency, Request, ResponseContext, Usage};
use bedrock::error::WireError;
use bedrock::{converse, doors, eventstream, families, sse};
use http::{Response, StatusCode};
use serde_json::Value;

use super::{begin, context, describe, describe_whole, first_step, whole};
use crate::attach::Lease;
use crate::call::{Call, Outcome, Reply};
use crate::generate::{Started, Step};
use crate::registry::Asked;
use crate::respond::{self, put};
use crate::stream::{Encode, Frames, Streaming};

/// The shapes of one operation.
pub(crate) trait Shapes: Send + Sync + 'static {
    /// Encodes its stream; made when the seed is known.
    type Encoder: Encoder;

    /// The body of a whole answer.
    fn whole(
        &self,
        answer: &Answer,
        context: &ResponseContext,
        latency: &Latency,
    ) -> Result<Value, WireError>;

    /// An encoder for one stream.
    fn encoder(&self, context: &ResponseContext) -> Result<Self::Encoder, WireError>;

    /// Adds a frame that every client ignores.
    fn keep_alive(&self, frames: &mut Frames);

    /// Adds what ends a stream that failed. There is no encoder if it failed before the prompt was computed.
    fn failed(
        &self,
        context: &ResponseContext,
        encoder: Option<&mut Self::Encoder>,
        error: &WireError,
        frames: &mut Frames,
    );

    /// Headers of its answers besides those that all have.
    fn headers(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }
}

/// A message of a stream.
pub(crate) trait Message {
    /// Headers of a stream of such messages.
    const HEADERS: &'static [(&'static str, &'static str)];
    /// Frames it.
    fn frame(&self, frames: &mut Frames);
}

impl Message for converse::Frame {
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("content-type", eventstream::CONTENT_TYPE)];

    fn frame(&self, frames: &mut Frames) {
        let (event_type, payload) = self;
        frames.event(event_type, payload);
    }
}

/// A chunk of a family's own JSON.
impl Message for Value {
    const HEADERS: &'static [(&'static str, &'static str)] = &[
        ("content-type", eventstream::CONTENT_TYPE),
        ("x-amzn-bedrock-content-type", "application/json"),
    ];

    fn frame(&self, frames: &mut Frames) {
        frames.chunk(self);
    }
}

impl Message for sse::Event {
    /// What lies between must not keep the stream back.
    const HEADERS: &'static [(&'static str, &'static str)] = &[
        ("content-type", sse::CONTENT_TYPE),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
    ];

    fn frame(&self, frames: &mut Frames) {
        frames.sse(self);
    }
}

/// Canonical events to the messages of one stream.
pub(crate) trait Encoder: Send {
    /// What is framed.
    type Message: Message;
    /// The messages before the first event.
    fn start(&mut self) -> Vec<Self::Message>;
    /// The messages of an event.
    fn push(&mut self, event: &Event) -> Vec<Self::Message>;
    /// The last messages.
    fn finish(&mut self, usage: Usage, latency: Latency) -> Vec<Self::Message>;
}

/// The encoders of the wire have these methods by themselves.
macro_rules! encoder {
    ($type:ty, $message:ty) => {
        impl Encoder for $type {
            type Message = $message;

            fn start(&mut self) -> Vec<$message> {
                <$type>::start(self)
            }

            fn push(&mut self, event: &Event) -> Vec<$message> {
                <$type>::push(self, event)
            }

            fn finish(&mut self, usage: Usage, latency: Latency) -> Vec<$message> {
                <$type>::finish(self, usage, latency)
            }
        }
    };
}

encoder!(converse::StreamEncoder, converse::Frame);
encoder!(families::StreamEncoder, Value);
encoder!(doors::chat::StreamEncoder, sse::Event);
encoder!(doors::messages::StreamEncoder, sse::Event);
encoder!(doors::responses::StreamEncoder, sse::Event);

/// Answers a request, whole or as a stream.
pub(crate) async fn answer<S: Shapes>(
    call: &mut Call,
    asked: &Asked,
    request: impl Into<Arc<Request>>,
    shapes: S,
    streaming: bool,
) -> Outcome {
    let request = request.into();
    let lease = begin(call, asked, Arc::clone(&request)).await?;
    call.record.served_by.clone_from(&lease.facts().model);
    if streaming {
        answer_stream(call, asked, &request, shapes, lease).await
    } else {
        answer_whole(call, asked, &request, &shapes, lease).await
    }
}

async fn answer_whole<S: Shapes>(
    call: &mut Call,
    asked: &Asked,
    request: &Request,
    shapes: &S,
    mut lease: Lease,
) -> Outcome {
    let facts = lease.facts().clone();
    let (answer, started) = whole(call, &mut lease, request.choices).await?;
    let context = context(call, asked, &facts, started.seed);
    let body = shapes.whole(&answer, &context, &call.record.latency())?;
    let mut response = respond::json(StatusCode::OK, &body)?;
    describe(&mut response, &facts, Some(started), request);
    describe_whole(&mut response, call);
    put_all(&mut response, &shapes.headers());
    Ok(Reply::Whole(response))
}

async fn answer_stream<S: Shapes>(
    call: &Call,
    asked: &Asked,
    request: &Request,
    shapes: S,
    mut lease: Lease,
) -> Outcome {
    let facts = lease.facts().clone();
    let seen = first_step(&mut lease).await?;
    let started = match &seen {
        Some(Step::Started(started)) => Some(*started),
        _ => None,
    };
    let mut response = Response::new(());
    put_all(&mut response, <S::Encoder as Encoder>::Message::HEADERS);
    describe(&mut response, &facts, started, request);
    put_all(&mut response, &shapes.headers());
    let encoder = Streamed { shapes, context: context(call, asked, &facts, 0), encoder: None };
    let streaming = Streaming { lease, seen, encoder: Box::new(encoder) };
    Ok(Reply::Stream(response, Box::new(streaming)))
}

fn put_all<B>(response: &mut Response<B>, headers: &[(&'static str, &'static str)]) {
    headers.iter().for_each(|&(name, value)| put(response, name, value));
}

/// The stream of an operation.
struct Streamed<S: Shapes> {
    shapes: S,
    context: ResponseContext,
    /// Made when the seed is known.
    encoder: Option<S::Encoder>,
}

impl<S: Shapes> Streamed<S> {
    /// Frames what the encoder says, if there is one.
    fn send(
        &mut self,
        frames: &mut Frames,
        say: impl FnOnce(&mut S::Encoder) -> Vec<<S::Encoder as Encoder>::Message>,
    ) {
        let messages = self.encoder.as_mut().map(say).unwrap_or_default();
        messages.iter().for_each(|message| message.frame(frames));
    }
}

impl<S: Shapes> Encode for Streamed<S> {
    fn start(&mut self, started: Started, frames: &mut Frames) {
        self.context.seed = started.seed;
        match self.shapes.encoder(&self.context) {
            Ok(encoder) => {
                self.encoder = Some(encoder);
                self.send(frames, Encoder::start);
            }
            Err(error) => frames.fail(&error),
        }
    }

    fn event(&mut self, event: &Event, frames: &mut Frames) {
        self.send(frames, |encoder| encoder.push(event));
    }

    fn finish(&mut self, usage: Usage, latency: Latency, frames: &mut Frames) {
        self.send(frames, |encoder| encoder.finish(usage, latency));
    }

    fn keep_alive(&mut self, frames: &mut Frames) {
        self.shapes.keep_alive(frames);
    }

    fn failed(&mut self, error: &WireError, frames: &mut Frames) {
        self.shapes.failed(&self.context, self.encoder.as_mut(), error, frames);
    }
}
