//! What the tests of this crate share: requests, a sink to look into, a slow engine to compare with, and an engine
//! without a thread.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::core::Core;
use crate::group::{Control, Submission};
use crate::sampler::{History, Job, Sampler};
use crate::{
    Class, Config, EngineError, Event, FakeModel, FinishReason, Request, SamplingParams, Sink,
    SinkError, TokenId,
};

pub(crate) const VOCAB: usize = 300;
pub(crate) const WINDOW: usize = 4096;
/// Bytes of one block of the fake model.
pub(crate) const BLOCK_BYTES: usize = 16 * 1024;

pub(crate) fn fake() -> FakeModel {
    FakeModel::new(VOCAB, WINDOW)
}

pub(crate) fn request(prompt: &[TokenId], max_tokens: usize) -> Request {
    Request {
        cache_root: 1,
        prompt: prompt.to_vec(),
        sampling: SamplingParams { seed: Some(11), ..SamplingParams::default() },
        max_tokens,
        stop_tokens: Vec::new(),
        choices: 1,
        class: Class::Default,
        constraints: Vec::new(),
    }
}

/// A prompt of `len` tokens; different seeds differ from the first token on.
pub(crate) fn prompt(seed: u32, len: usize) -> Vec<TokenId> {
    (0..300)
        .cycle()
        .zip(0..len)
        .map(|(i, _): (u32, _)| (seed * 31 + i * 7 + i * i % 13) % 300)
        .collect()
}

/// What a choice must say: one row at a time, no cache, no batch.
pub(crate) fn expected(request: &Request, choice: u32) -> Vec<TokenId> {
    let (fake, mut sampler) = (fake(), Sampler::default());
    let mut tokens = request.prompt.clone();
    let mut history = History::new(&request.sampling, &tokens);
    let start = tokens.len();
    while tokens.len() < WINDOW && tokens.len() - start < request.max_tokens {
        let mut row = fake.reference_logits(&tokens);
        let job = Job {
            params: &request.sampling,
            history: &history,
            mask: None,
            seed: request.sampling.seed.unwrap(),
            choice,
            position: tokens.len() - start,
        };
        let token = sampler.sample(&mut row, &job).unwrap().token;
        if request.stop_tokens.contains(&token) {
            break;
        }
        history.record(token);
        tokens.push(token);
    }
    tokens.split_off(start)
}

/// What came out of a request.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) started: Option<(usize, u64)>,
    pub(crate) tokens: BTreeMap<u32, Vec<TokenId>>,
    pub(crate) finished: BTreeMap<u32, FinishReason>,
    pub(crate) failed: Option<EngineError>,
    /// Tokens that came with log-probabilities.
    pub(crate) scored: usize,
    /// How many more events fit.
    pub(crate) room: usize,
    pub(crate) closed: bool,
    /// The engine dropped the sink.
    pub(crate) over: bool,
}

impl Seen {
    fn take(&mut self, event: Event) {
        assert!(self.failed.is_none(), "{event:?} after Failed");
        match event {
            Event::Started { cached_tokens, seed } => {
                assert!(self.started.replace((cached_tokens, seed)).is_none());
            }
            Event::Token { choice, token, logprob } => {
                self.scored += usize::from(logprob.is_some());
                assert!(self.started.is_some() && !self.finished.contains_key(&choice));
                self.tokens.entry(choice).or_default().push(token);
            }
            Event::Finished { choice, reason } => {
                assert!(self.finished.insert(choice, reason).is_none());
            }
            Event::Failed(error) => self.failed = Some(error),
        }
    }

    pub(crate) fn text(&self, choice: u32) -> &[TokenId] {
        self.tokens.get(&choice).map_or(&[], Vec::as_slice)
    }
}

struct Probe(Arc<Mutex<Seen>>);

impl Sink for Probe {
    fn try_send(&mut self, event: Event) -> Result<(), SinkError> {
        let mut seen = self.0.lock().unwrap();
        if seen.closed {
            return Err(SinkError::Closed);
        }
        if seen.room == 0 {
            return Err(SinkError::Full(event));
        }
        seen.room -= 1;
        seen.take(event);
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.0.lock().unwrap().closed
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.lock().unwrap().over = true;
    }
}

/// A request on the bench.
pub(crate) struct Running {
    pub(crate) seen: Arc<Mutex<Seen>>,
    pub(crate) control: Arc<Control>,
}

impl Running {
    pub(crate) fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub(crate) fn pause(&self, on: bool) {
        self.control.paused.store(on, Ordering::Relaxed);
    }

    pub(crate) fn cancel(&self) {
        self.control.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.seen().over
    }
}

/// A sink without bounds, and what it sees.
pub(crate) fn probe() -> (Box<dyn Sink>, Arc<Mutex<Seen>>) {
    let seen = Arc::new(Mutex::new(Seen { room: usize::MAX, ..Seen::default() }));
    (Box::new(Probe(Arc::clone(&seen))), seen)
}

/// An engine without a thread: the test makes the turns and owns the clock.
pub(crate) struct Bench {
    pub(crate) core: Core,
    pub(crate) now: Duration,
}

impl Bench {
    pub(crate) fn new(blocks: usize) -> Self {
        Self::with(Config { kv_budget_bytes: blocks * BLOCK_BYTES, ..Config::default() })
    }

    pub(crate) fn with(config: Config) -> Self {
        Self { core: Core::new(Box::new(fake()), config).unwrap(), now: Duration::ZERO }
    }

    pub(crate) fn submit(&mut self, request: Request) -> Running {
        let (sink, seen) = probe();
        let control = Arc::new(Control::default());
        let seed = request.sampling.seed.unwrap_or(99);
        self.core.gauges.queued.fetch_add(1, Ordering::Relaxed);
        let submission = Submission { request, seed, sink, control: Arc::clone(&control) };
        self.core.submit(submission);
        Running { seen, control }
    }

    /// One turn of a millisecond. Says how many tokens were computed.
    pub(crate) fn turn(&mut self) -> usize {
        self.now += Duration::from_millis(1);
        self.core.poll(self.now);
        self.core.step()
    }

    pub(crate) fn turns(&mut self, count: usize) {
        for _ in 0..count {
            self.turn();
        }
    }

    /// Turns until nothing is left to compute.
    pub(crate) fn run(&mut self) {
        for _ in 0..100_000 {
            if self.turn() == 0 {
                return;
            }
        }
        panic!("the engine does not come to rest");
    }

    /// Everything is given back.
    pub(crate) fn assert_empty(&mut self) {
        self.core.poll(self.now);
        assert!(self.core.groups.is_empty() && self.core.sequences.is_empty());
        let counters = self.core.gauges.counters();
        assert_eq!(counters.kv_blocks_used, 0, "{counters:?}");
        assert_eq!(self.core.gauges.queued.load(Ordering::Relaxed), 0);
        assert_eq!(self.core.kv.blocks.available(), self.core.kv.blocks.total());
    }

    pub(crate) fn counters(&self) -> crate::Counters {
        self.core.gauges.counters()
    }
}
