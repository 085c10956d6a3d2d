//! The engine's events into the async world: a bounded channel whose full state pauses the sequence.

use engine::{Event, Sink, SinkError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Events that fit before the sequence pauses: enough to never stall a reader that keeps up, small enough that a slow
/// one costs a few kilobytes.
const CAPACITY: usize = 64;

/// The sending end, for the engine.
pub(crate) struct ChannelSink(Sender<Event>);

/// A sink and where its events come out.
pub(crate) fn sink() -> (ChannelSink, Receiver<Event>) {
    let (sender, receiver) = channel(CAPACITY);
    (ChannelSink(sender), receiver)
}

impl Sink for ChannelSink {
    fn try_send(&mut self, event: Event) -> Result<(), SinkError> {
        self.0.try_send(event).map_err(|refused| match refused {
            TrySendError::Full(event) => SinkError::Full(event),
            TrySendError::Closed(_) => SinkError::Closed,
        })
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}
