//! A generation's steps as the body of a stream: of event-stream frames, or of server-sent events.
//!
//! The body is polled by the connection and polls the generation: no task and no queue of its own, so a client that does
//! not read stops the generation, and one that is gone drops it. Whatever is ready leaves in one piece. A stream that
//! began ends with its last event or with the error in the operation's own shape.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bedrock::canonical::{Event, Latency, Usage};
use bedrock::error::WireError;
use bedrock::{eventstream, sse};
use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, Sleep};

use crate::attach::Lease;
use crate::generate::{Started, Step};
use crate::record::Record;

/// Bytes gathered before they are handed on even if more is ready.
const MAX_PIECE: usize = 32 * 1024;

/// Canonical events to one operation's frames.
pub(crate) trait Encode: Send {
    /// The prompt is computed.
    fn start(&mut self, started: Started, frames: &mut Frames);
    /// An event of the answer.
    fn event(&mut self, event: &Event, frames: &mut Frames);
    /// The answer is complete.
    fn finish(&mut self, usage: Usage, latency: Latency, frames: &mut Frames);
    /// A frame that every client ignores.
    fn keep_alive(&mut self, frames: &mut Frames);
    /// The generation failed; this is the last frame.
    fn failed(&mut self, error: &WireError, frames: &mut Frames);
}

/// Encoded frames.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: BytesMut,
    /// A frame could not be encoded; the stream ends with an error.
    broken: bool,
}

impl Frames {
    /// Adds an event with a JSON payload.
    pub(crate) fn event(&mut self, event_type: &str, payload: &serde_json::Value) {
        self.add(eventstream::event(event_type, payload.to_string()));
    }

    /// Adds a chunk of native JSON.
    pub(crate) fn chunk(&mut self, native: &serde_json::Value) {
        self.add(eventstream::chunk(native.to_string().as_bytes()));
    }

    /// Adds a server-sent event.
    pub(crate) fn sse(&mut self, event: &sse::Event) {
        self.raw(&event.encode());
    }

    /// Adds a frame that is encoded already.
    pub(crate) fn raw(&mut self, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
    }

    /// Gives up: the stream ends with an error.
    pub(crate) fn fail(&mut self, error: &impl std::fmt::Display) {
        tracing::error!(%error, "a frame cannot be encoded");
        self.broken = true;
    }

    fn add(&mut self, frame: Result<Vec<u8>, eventstream::EncodeError>) {
        match frame {
            Ok(bytes) => self.raw(&bytes),
            Err(error) => self.fail(&error),
        }
    }
}

/// A generation to be streamed.
pub(crate) struct Streaming {
    pub(crate) lease: Lease,
    /// A step that was taken while the head was made.
    pub(crate) seen: Option<Step>,
    pub(crate) encoder: Box<dyn Encode>,
}

/// The body of one streaming response.
pub(crate) struct EventBody {
    lease: Option<Lease>,
    encoder: Box<dyn Encode>,
    frames: Frames,
    record: Record,
    keep_alive: Pin<Box<Sleep>>,
    interval: Duration,
}

impl EventBody {
    /// A body that is silent for `interval` at most.
    pub(crate) fn new(streaming: Streaming, record: Record, interval: Duration) -> Self {
        let mut body = Self {
            lease: Some(streaming.lease),
            encoder: streaming.encoder,
            frames: Frames::default(),
            record,
            keep_alive: Box::pin(tokio::time::sleep(interval)),
            interval,
        };
        if let Some(step) = streaming.seen {
            body.take(step);
        }
        body
    }

    /// The next piece; `None` when the stream is complete.
    pub(crate) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if catch_unwind(AssertUnwindSafe(|| self.fill(cx))).is_err() {
            tracing::error!(request_id = %self.record.request_id, "a stream panicked");
            self.fail(&WireError::internal());
        }
        if !self.frames.bytes.is_empty() {
            self.keep_alive.as_mut().reset(Instant::now() + self.interval);
            return Poll::Ready(Some(self.frames.bytes.split().freeze()));
        }
        if self.lease.is_none() {
            return Poll::Ready(None);
        }
        if self.keep_alive.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.encoder.keep_alive(&mut self.frames);
        self.keep_alive.as_mut().reset(Instant::now() + self.interval);
        // Registers the timer anew.
        let _ = self.keep_alive.as_mut().poll(cx);
        Poll::Ready(Some(self.frames.bytes.split().freeze()))
    }

    /// Takes what is ready.
    fn fill(&mut self, cx: &mut Context<'_>) {
        while self.frames.bytes.len() < MAX_PIECE {
            let Some(lease) = &mut self.lease else { return };
            let Poll::Ready(step) = lease.poll_step(cx) else { return };
            self.take(step);
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Started(started) => self.encoder.start(started, &mut self.frames),
            Step::Event(event) => {
                if matches!(
                    event,
                    Event::BlockStart { .. } | Event::Delta { .. } | Event::Logprobs { .. }
                ) {
                    self.record.first_token();
                }
                self.encoder.event(&event, &mut self.frames);
            }
            Step::Done(usage) => {
                self.record.usage = usage;
                self.encoder.finish(usage, self.record.latency(), &mut self.frames);
                self.record.finish("ok");
                self.lease = None;
            }
            Step::Failed(error) => self.fail(&error),
        }
        if self.frames.broken && self.lease.is_some() {
            self.fail(&WireError::internal());
        }
    }

    fn fail(&mut self, error: &WireError) {
        if self.lease.take().is_some() {
            self.encoder.failed(error, &mut self.frames);
            self.record.finish(error.kind.code());
        }
    }
}
