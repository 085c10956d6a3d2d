//! THE THREAD AND ITS DOOR: one OS thread owns the engine; handles pass requests in, tickets pass wishes in.
//!
//! This is the outer loop: the only place of the crate that reads a clock or sleeps.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::core::{Core, Gauges};
use crate::group::{Control, Submission};
use crate::rng::fresh_seed;
use crate::validate::Bounds;
use crate::{Config, Counters, EngineError, Event, Model, ModelInfo, Request, Sink};

/// How often a request that is paused by its owner is looked at when nothing else happens.
const PAUSED_POLL: Duration = Duration::from_millis(50);

/// When the thread ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Not yet.
    Open,
    /// When all accepted requests are over: nobody can submit more.
    Drained,
    /// Now.
    Stopped,
}

struct Inbox {
    submissions: Vec<Submission>,
    /// Something changed that the thread should look at.
    woken: bool,
    end: End,
    /// The thread has ended.
    closed: bool,
}

struct Shared {
    inbox: Mutex<Inbox>,
    wake: Condvar,
    gauges: Arc<Gauges>,
}

impl Shared {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, change: impl FnOnce(&mut Inbox)) {
        let mut inbox = self.inbox();
        change(&mut inbox);
        inbox.woken = true;
        self.wake.notify_all();
    }

    /// Waits until something changed, or for `patience` (`None`: without end), and takes what came in.
    fn take(&self, patience: Option<Duration>) -> (Vec<Submission>, End) {
        let idle = |inbox: &mut Inbox| !inbox.woken;
        let mut inbox = match patience {
            Some(patience) => {
                let waited = self.wake.wait_timeout_while(self.inbox(), patience, idle);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.wake.wait_while(self.inbox(), idle);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
        inbox.woken = false;
        (std::mem::take(&mut inbox.submissions), inbox.end)
    }
}

/// Starts engines.
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Reserves the KV cache and starts the engine's thread.
    ///
    /// # Errors
    /// [`EngineError::CacheTooSmall`] if the KV budget is below one block; [`EngineError::Model`] if the model cannot
    /// reserve it; [`EngineError::Invalid`] if a limit is 0; [`EngineError::Stopped`] if no thread can be had.
    pub fn spawn(model: Box<dyn Model>, config: Config) -> Result<Handle, EngineError> {
        if config.max_queue == 0 || config.max_running == 0 {
            return Err(EngineError::Invalid("max_queue and max_running must be at least 1"));
        }
        let info = model.info().clone();
        let max_queue = config.max_queue;
        let core = Core::new(model, config)?;
        let bounds = core.bounds;
        let inbox = Inbox { submissions: Vec::new(), woken: false, end: End::Open, closed: false };
        let shared = Arc::new(Shared {
            inbox: Mutex::new(inbox),
            wake: Condvar::new(),
            gauges: Arc::clone(&core.gauges),
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || run(core, &of_thread))
            .map_err(|_| EngineError::Stopped)?;
        let thread = Mutex::new(Some(thread));
        Ok(Handle { door: Arc::new(Door { shared, info, bounds, max_queue, thread }) })
    }
}

/// What all clones of a handle share.
struct Door {
    shared: Arc<Shared>,
    info: ModelInfo,
    bounds: Bounds,
    max_queue: usize,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Without any handle left nothing new can come: the thread finishes what it has and ends.
impl Drop for Door {
    fn drop(&mut self) {
        self.shared.wake(|inbox| {
            if inbox.end == End::Open {
                inbox.end = End::Drained;
            }
        });
    }
}

/// The way to an engine; clones lead to the same one. When the last is dropped, accepted requests are finished and
/// the thread ends.
#[derive(Clone)]
pub struct Handle {
    door: Arc<Door>,
}

impl Handle {
    /// Queues a request. Never blocks. Its events go to `sink`: see [`Event`] for their order.
    ///
    /// # Errors
    /// [`EngineError::Invalid`], [`EngineError::PromptTooLong`], [`EngineError::CacheTooSmall`] for requests that can
    /// never be served; [`EngineError::Overloaded`] if the queue is full; [`EngineError::Stopped`].
    pub fn submit(&self, request: Request, sink: Box<dyn Sink>) -> Result<Ticket, EngineError> {
        let door = &self.door;
        door.bounds.check(&request)?;
        let seed = request.sampling.seed.unwrap_or_else(fresh_seed);
        let mut inbox = door.shared.inbox();
        if inbox.closed || inbox.end == End::Stopped {
            return Err(EngineError::Stopped);
        }
        let queued = &door.shared.gauges.queued;
        if queued.load(Ordering::Relaxed) >= door.max_queue {
            return Err(EngineError::Overloaded);
        }
        queued.fetch_add(1, Ordering::Relaxed);
        let control = Arc::new(Control::default());
        let ticket = Ticket { control: Arc::clone(&control), shared: Arc::clone(&door.shared) };
        inbox.submissions.push(Submission { request, seed, sink, control });
        inbox.woken = true;
        door.shared.wake.notify_all();
        Ok(ticket)
    }

    /// What the engine has done and holds.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let incoming = self.door.shared.inbox().submissions.len();
        let mut counters = self.door.shared.gauges.counters();
        counters.waiting += incoming as u64;
        counters
    }

    /// Fixed facts about the model.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.door.info
    }

    /// The longest sequence, prompt and output together, that this engine can serve: the model's window, or what its
    /// KV budget holds if that is less. Output that reaches it ends with
    /// [`FinishReason::ContextFull`](crate::FinishReason::ContextFull).
    #[must_use]
    pub fn sequence_limit(&self) -> usize {
        self.door.bounds.sequence_limit()
    }

    /// Ends the engine: what runs or waits fails with [`EngineError::Stopped`]. Returns when the thread has ended;
    /// never call it from a sink.
    pub fn shutdown(&self) {
        self.door.shared.wake(|inbox| inbox.end = End::Stopped);
        let thread = self.door.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // The thread catches its own panics; there is nothing left to learn from it.
            drop(thread.join());
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("model", &self.door.info.name).finish_non_exhaustive()
    }
}

/// The control of one accepted request. Dropping it changes nothing.
pub struct Ticket {
    control: Arc<Control>,
    shared: Arc<Shared>,
}

impl Ticket {
    /// Takes the request out of steps, from the next one on. It keeps its KV blocks unless others need them, and its
    /// place in the queue. Time spent so is no stall.
    pub fn pause(&self) {
        self.control.paused.store(true, Ordering::Relaxed);
        self.shared.wake(|_| ());
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.control.paused.store(false, Ordering::Relaxed);
        self.shared.wake(|_| ());
    }

    /// Ends the request within one step. The sink is dropped without a further event.
    pub fn cancel(&self) {
        self.control.cancelled.store(true, Ordering::Relaxed);
        self.shared.wake(|_| ());
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("control", &self.control).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "the outermost loop of the engine")]
fn now() -> Instant {
    Instant::now()
}

/// The thread's life. However it ends, nobody is left waiting.
fn run(mut core: Core, shared: &Shared) {
    let outcome = catch_unwind(AssertUnwindSafe(|| turns(&mut core, shared)));
    let error = match outcome {
        Ok(()) => EngineError::Stopped,
        Err(panic) => {
            let message = panic_message(panic.as_ref());
            tracing::error!(message, "the engine's thread panicked");
            EngineError::Model(format!("panic: {message}"))
        }
    };
    let mut inbox = shared.inbox();
    inbox.closed = true;
    let rest = std::mem::take(&mut inbox.submissions);
    drop(inbox);
    for mut submission in rest {
        guard(|| drop(submission.sink.try_send(Event::Failed(EngineError::Stopped))));
    }
    guard(|| core.fail_all(&error));
    guard(|| drop(core));
}

/// Keeps a panicking sink or model from taking the others' last words.
fn guard(f: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(f)).is_err() {
        tracing::error!("a sink or the model panicked while the engine ended");
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|&text| text.to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown".to_owned())
}

fn turns(core: &mut Core, shared: &Shared) {
    let start = now();
    let mut patience = None;
    loop {
        let (submissions, end) = shared.take(patience);
        if end == End::Stopped {
            core.take_in(submissions);
            return;
        }
        core.take_in(submissions);
        core.poll(start.elapsed());
        let step_start = now();
        let tokens = core.step();
        if tokens > 0 {
            core.cost.observe(core.work, step_start.elapsed());
        }
        if end == End::Drained && core.groups.is_empty() {
            return;
        }
        patience = if tokens > 0 { Some(Duration::ZERO) } else { core.patience() };
    }
}

impl Core {
    fn take_in(&mut self, submissions: Vec<Submission>) {
        submissions.into_iter().for_each(|submission| self.submit(submission));
    }

    /// How long nothing needs to be done if nobody calls: without end if there are no requests.
    fn patience(&self) -> Option<Duration> {
        let full = self.groups.values().any(|group| group.output.is_full());
        let held = self.groups.values().all(|group| group.is_held());
        match (self.groups.is_empty(), full || !held) {
            (true, _) => None,
            (false, true) => Some(self.config.poll_interval.max(Duration::from_micros(100))),
            (false, false) => Some(PAUSED_POLL),
        }
    }
}

#[cfg(test)]
#[path = "handle/tests.rs"]
mod tests;
