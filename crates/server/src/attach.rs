//! Clients that go away and come back.
//!
//! SDKs retry a call whose connection broke, with the same invocation id. A generation whose client may retry is not
//! cancelled when the client goes: it is paused for a few seconds, and a retry of the same caller, with the same
//! invocation id, path and body, replays it from the start and goes on. It is one generation. A retry that arrives
//! before the first attempt's end was noticed takes the generation over.

mod key;

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bedrock::error::{ErrorKind, WireError};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::generate::{Facts, Generate, Step};
pub(crate) use key::{Attempt, Key};

/// Generations that may wait for a retry at once; one more is cancelled as if no retry could come.
const MAX_PARKED: usize = 256;

/// Generations that may be attached to, by key.
#[derive(Debug)]
pub(crate) struct Hub {
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
    window: Duration,
    parked: Arc<Semaphore>,
}

/// One generation and who reads it.
struct Slot {
    facts: Facts,
    state: Mutex<State>,
}

struct State {
    generation: Box<dyn Generate>,
    /// Every step so far, if a retry may ask for them.
    log: Option<Vec<Step>>,
    /// Counts readers; only the latest one reads.
    reader: u64,
    waker: Option<Waker>,
    /// `Done` or `Failed` was seen.
    over: bool,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// One reader's hold of a generation. Dropping it before the end pauses the generation if a retry may come, else
/// cancels it.
#[derive(Debug)]
pub(crate) struct Lease {
    hub: Weak<Hub>,
    slot: Arc<Slot>,
    /// Set if a later attempt may attach.
    key: Option<Key>,
    reader: u64,
    /// Steps of the log that were read.
    position: usize,
}

impl Hub {
    /// `window` is how long a paused generation waits.
    pub(crate) fn new(window: Duration) -> Arc<Self> {
        Arc::new(Self {
            slots: Mutex::default(),
            window,
            parked: Arc::new(Semaphore::new(MAX_PARKED)),
        })
    }

    /// The generation of an earlier attempt, from its start. `may_retry` says whether yet another attempt may follow.
    pub(crate) fn attach(self: &Arc<Self>, key: &Key, may_retry: bool) -> Option<Lease> {
        let slot = Arc::clone(self.slots().get(key)?);
        let mut state = slot.state();
        state.log.as_ref()?; // cancelled a moment ago
        state.reader += 1;
        let reader = state.reader;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        if !state.over {
            state.generation.resume();
        }
        drop(state);
        let key = key.clone();
        if !may_retry {
            self.slots().remove(&key);
        }
        Some(Lease {
            hub: Arc::downgrade(self),
            slot,
            key: may_retry.then_some(key),
            reader,
            position: 0,
        })
    }

    /// Takes a new generation; with a key, later attempts may attach to it.
    pub(crate) fn begin(
        self: &Arc<Self>,
        key: Option<Key>,
        facts: Facts,
        generation: Box<dyn Generate>,
    ) -> Lease {
        let log = key.is_some().then(Vec::new);
        let state = Mutex::new(State { generation, log, reader: 0, waker: None, over: false });
        let slot = Arc::new(Slot { facts, state });
        if let Some(key) = &key {
            self.slots().insert(key.clone(), Arc::clone(&slot));
        }
        Lease { hub: Arc::downgrade(self), slot, key, reader: 0, position: 0 }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the slot, unless another generation has its key by now.
    fn forget(&self, key: &Key, slot: &Arc<Slot>) {
        let mut slots = self.slots();
        if slots.get(key).is_some_and(|held| Arc::ptr_eq(held, slot)) {
            slots.remove(key);
        }
    }

    /// Waits for a retry, and cancels if none came.
    fn park(self: Arc<Self>, key: Key, slot: Arc<Slot>, reader: u64, place: OwnedSemaphorePermit) {
        let window = self.window;
        tokio::spawn(async move {
            tokio::time::sleep(window).await;
            drop(place);
            let mut state = slot.state();
            if state.reader == reader {
                state.cancel();
                drop(state);
                self.forget(&key, &slot);
            }
        });
    }
}

impl State {
    /// Ends the generation; nobody can attach to it any more.
    fn cancel(&mut self) {
        if !self.over {
            self.generation.cancel();
        }
        self.over = true;
        self.log = None;
    }
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// What was known when the generation was accepted.
    pub(crate) fn facts(&self) -> &Facts {
        &self.slot.facts
    }

    /// The next step; after `Done` or `Failed` it must not be asked for.
    pub(crate) fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        let mut state = self.slot.state();
        if state.reader != self.reader {
            return Poll::Ready(Step::Failed(taken_over()));
        }
        if let Some(step) = state.log.as_ref().and_then(|log| log.get(self.position)) {
            self.position += 1;
            return Poll::Ready(step.clone());
        }
        let Poll::Ready(step) = state.generation.poll_step(cx) else {
            if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                state.waker = Some(cx.waker().clone());
            }
            return Poll::Pending;
        };
        state.over = matches!(step, Step::Done(_) | Step::Failed(_));
        if let Some(log) = &mut state.log {
            log.push(step.clone());
            self.position += 1;
        }
        Poll::Ready(step)
    }

    /// The next step.
    pub(crate) async fn step(&mut self) -> Step {
        poll_fn(|cx| self.poll_step(cx)).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.slot.state();
        if state.reader != self.reader {
            return; // a later attempt has it
        }
        let (Some(hub), Some(key)) = (self.hub.upgrade(), self.key.take()) else {
            state.cancel();
            return;
        };
        if state.over {
            drop(state);
            hub.forget(&key, &self.slot);
            return;
        }
        match (Arc::clone(&hub.parked).try_acquire_owned(), Handle::try_current()) {
            (Ok(place), Ok(_)) => {
                state.generation.pause();
                state.waker = None;
                drop(state);
                hub.park(key, Arc::clone(&self.slot), self.reader, place);
            }
            _ => {
                state.cancel();
                drop(state);
                hub.forget(&key, &self.slot);
            }
        }
    }
}

fn taken_over() -> WireError {
    WireError::new(
        ErrorKind::ServiceUnavailable,
        "A later attempt of the same call has taken over.",
    )
}

#[cfg(test)]
mod tests;
