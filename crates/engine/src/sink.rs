//! A sink over a bounded standard channel, for tests, tools and synchronous callers.

use std::sync::mpsc::{
    Receiver, RecvError, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel,
};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::{Event, Sink, SinkError};

/// A sink and its receiving end. `capacity` events fit, at least 1; one more makes the sink full.
pub fn channel_sink(capacity: usize) -> (ChannelSink, EventReceiver) {
    let (sender, receiver) = sync_channel(capacity.max(1));
    let alive = Arc::new(());
    let sink = ChannelSink { sender, receiver: Arc::downgrade(&alive) };
    (sink, EventReceiver { receiver, _alive: alive })
}

/// The sending end, for [`Handle::submit`](crate::Handle::submit).
#[derive(Debug)]
pub struct ChannelSink {
    sender: SyncSender<Event>,
    /// Dies with the receiver: the standard channel cannot be asked.
    receiver: Weak<()>,
}

impl Sink for ChannelSink {
    fn try_send(&mut self, event: Event) -> Result<(), SinkError> {
        self.sender.try_send(event).map_err(|refused| match refused {
            TrySendError::Full(event) => SinkError::Full(event),
            TrySendError::Disconnected(_) => SinkError::Closed,
        })
    }

    fn is_closed(&self) -> bool {
        self.receiver.strong_count() == 0
    }
}

/// The receiving end. Dropping it cancels the request.
#[derive(Debug)]
pub struct EventReceiver {
    receiver: Receiver<Event>,
    _alive: Arc<()>,
}

impl EventReceiver {
    /// Waits for the next event.
    ///
    /// # Errors
    /// When the request is over and everything was received.
    pub fn recv(&self) -> Result<Event, RecvError> {
        self.receiver.recv()
    }

    /// Waits for the next event, not longer than `timeout`.
    ///
    /// # Errors
    /// When the time is over, or as [`recv`](Self::recv).
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Event, RecvTimeoutError> {
        self.receiver.recv_timeout(timeout)
    }

    /// The next event if one is there.
    ///
    /// # Errors
    /// When none is there, or as [`recv`](Self::recv).
    pub fn try_recv(&self) -> Result<Event, TryRecvError> {
        self.receiver.try_recv()
    }
}

/// All events until the request is over.
impl Iterator for EventReceiver {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.receiver.recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(token: u32) -> Event {
        Event::Token { choice: 0, token, logprob: None }
    }

    #[test]
    fn a_full_sink_gives_the_event_back() {
        let (mut sink, receiver) = channel_sink(1);
        sink.try_send(token(1)).unwrap();
        let Err(SinkError::Full(Event::Token { token: 2, .. })) = sink.try_send(token(2)) else {
            panic!("expected the second event back");
        };
        receiver.recv().unwrap();
        sink.try_send(token(2)).unwrap();
    }

    #[test]
    fn a_dropped_receiver_closes_the_sink() {
        let (mut sink, receiver) = channel_sink(4);
        assert!(!sink.is_closed());
        drop(receiver);
        assert!(sink.is_closed());
        assert!(matches!(sink.try_send(token(1)), Err(SinkError::Closed)));
    }
}
