//! The way out of a request: its sink, and the events that the sink had no room for.

use std::collections::VecDeque;
use std::time::Duration;

use crate::{EngineError, Event, Sink, SinkError};

/// How a look at the sink went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Everything was taken.
    Open,
    /// Events are kept; the sink is full.
    Full,
    /// Full for longer than allowed.
    Stalled,
    /// The receiver has gone.
    Closed,
}

/// A sink and the events before it. No event is lost or overtaken.
pub(crate) struct Output {
    sink: Box<dyn Sink>,
    kept: VecDeque<Event>,
    /// Whether the sink had no room when it was last tried.
    full: bool,
    /// Since when the sink is full, on the clock of the outer loop.
    full_since: Option<Duration>,
}

impl Output {
    pub(crate) fn new(sink: Box<dyn Sink>) -> Self {
        Self { sink, kept: VecDeque::new(), full: false, full_since: None }
    }

    /// Puts an event in line.
    pub(crate) fn push(&mut self, event: Event) {
        self.kept.push_back(event);
    }

    /// Whether the sink had no room when it was last tried.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether events are in line.
    pub(crate) fn has_events(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Sends what the sink takes.
    pub(crate) fn flush(&mut self) -> Flow {
        while let Some(event) = self.kept.pop_front() {
            match self.sink.try_send(event) {
                Ok(()) => {}
                Err(SinkError::Full(event)) => {
                    self.kept.push_front(event);
                    self.full = true;
                    return Flow::Full;
                }
                Err(SinkError::Closed) => return Flow::Closed,
            }
        }
        (self.full, self.full_since) = (false, None);
        Flow::Open
    }

    /// Looks for a receiver that has gone, sends what was kept, and measures how long the sink is full.
    /// `counts`: false while the request is paused on purpose, which is no stall.
    pub(crate) fn poll(&mut self, now: Duration, limit: Duration, counts: bool) -> Flow {
        if self.sink.is_closed() {
            return Flow::Closed;
        }
        let flow = self.flush();
        if flow != Flow::Full {
            return flow;
        }
        if !counts {
            self.full_since = None;
            return Flow::Full;
        }
        let since = *self.full_since.get_or_insert(now);
        if now.saturating_sub(since) > limit { Flow::Stalled } else { Flow::Full }
    }

    /// Ends the line with an error, which takes the place of what was kept if the sink has no room for both.
    pub(crate) fn fail(&mut self, error: EngineError) {
        if self.flush() != Flow::Closed {
            self.kept.clear();
            // Best effort: a sink that is still full hears nothing but its own end.
            drop(self.sink.try_send(Event::Failed(error)));
        }
    }
}
