//! THE STATE OF AN ENGINE and what happens to it between steps: requests come, end, fail.
//!
//! No clock is read here: whoever looks after the sinks passes the time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cost::{StepCost, Work};
use crate::group::{Group, Submission, all_choices};
use crate::kv::KvCache;
use crate::output::{Flow, Output};
use crate::sampler::{History, Sampler};
use crate::scheduler::Turns;
use crate::sequence::{SeqId, Sequence, State};
use crate::validate::Bounds;
use crate::{BLOCK_TOKENS, Class, Config, Counters, EngineError, Event, Model};

/// What handles see of an engine.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    counters: Mutex<Counters>,
    /// Requests that were accepted but not admitted yet.
    pub(crate) queued: AtomicUsize,
}

impl Gauges {
    pub(crate) fn counters(&self) -> Counters {
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sequences that wait for admission, by class; the next one in front.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    by_class: BTreeMap<Class, VecDeque<SeqId>>,
    pub(crate) turns: Turns,
}

impl Queues {
    fn of(&mut self, class: Class) -> &mut VecDeque<SeqId> {
        let queue = self.by_class.entry(class).or_default();
        if queue.is_empty() {
            self.turns.joins(class);
        }
        queue
    }

    /// Adds one that is new.
    pub(crate) fn push_back(&mut self, class: Class, id: SeqId) {
        self.of(class).push_back(id);
    }

    /// Adds one that was preempted.
    pub(crate) fn push_front(&mut self, class: Class, id: SeqId) {
        self.of(class).push_front(id);
    }

    /// The first of a class that `may` be admitted.
    pub(crate) fn first(&self, class: Class, may: impl Fn(&SeqId) -> bool) -> Option<SeqId> {
        self.by_class.get(&class)?.iter().copied().find(may)
    }

    pub(crate) fn remove(&mut self, class: Class, id: SeqId) {
        if let Some(queue) = self.by_class.get_mut(&class) {
            queue.retain(|&waiting| waiting != id);
        }
    }
}

/// Everything that the engine's thread owns.
pub(crate) struct Core {
    pub(crate) model: Box<dyn Model>,
    pub(crate) config: Config,
    pub(crate) bounds: Bounds,
    pub(crate) kv: KvCache,
    pub(crate) groups: BTreeMap<u64, Group>,
    pub(crate) sequences: BTreeMap<SeqId, Sequence>,
    pub(crate) queues: Queues,
    pub(crate) cost: StepCost,
    /// What the last step computed.
    pub(crate) work: Work,
    pub(crate) tally: Counters,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) sampler: Sampler,
    /// Rows of logits of the step; kept for its memory.
    pub(crate) logits: Vec<f32>,
    requests_made: u64,
}

impl Core {
    /// Reserves the KV cache.
    ///
    /// # Errors
    /// [`EngineError::CacheTooSmall`] if the budget is below one block, [`EngineError::Model`] if the model has no
    /// room for it.
    pub(crate) fn new(mut model: Box<dyn Model>, config: Config) -> Result<Self, EngineError> {
        let info = model.info();
        let block_bytes = info.kv_bytes_per_token.max(1).saturating_mul(BLOCK_TOKENS);
        // The last number is left to the lists inside.
        let blocks = u32::try_from(config.kv_budget_bytes / block_bytes).unwrap_or(u32::MAX - 1);
        if blocks == 0 {
            return Err(EngineError::CacheTooSmall { needed: 1, available: 0 });
        }
        let kv = KvCache::new(blocks, info);
        let bounds = Bounds::new(info, blocks as usize, config.max_running);
        let reserved = model.reserve_kv(blocks as usize);
        reserved.map_err(|error| EngineError::Model(error.to_string()))?;
        let core = Self {
            model,
            config,
            bounds,
            kv,
            groups: BTreeMap::new(),
            sequences: BTreeMap::new(),
            queues: Queues::default(),
            cost: StepCost::default(),
            work: Work::default(),
            tally: Counters { kv_blocks_total: blocks.into(), ..Counters::default() },
            gauges: Arc::default(),
            sampler: Sampler::default(),
            logits: Vec::new(),
            requests_made: 0,
        };
        core.publish();
        Ok(core)
    }

    /// Takes in a valid request.
    pub(crate) fn submit(&mut self, submission: Submission) {
        let Submission { mut request, seed, sink, control } = submission;
        self.requests_made += 1;
        let id = SeqId { request: self.requests_made, choice: 0 };
        request.constraints.reverse();
        let sequence = Sequence {
            id,
            class: request.class,
            state: State::Waiting,
            prompt_len: request.prompt.len(),
            cache_root: request.cache_root,
            table: self.kv.table(request.cache_root),
            reached: 0,
            history: History::new(&request.sampling, &request.prompt),
            constraint: request.constraints.pop(),
            tokens: request.prompt,
            last_step: 0,
        };
        let group = Group {
            sampling: request.sampling,
            seed,
            max_tokens: request.max_tokens,
            stop_tokens: request.stop_tokens,
            choices: request.choices,
            live: request.choices,
            constraints: request.constraints,
            cached_tokens: 0,
            queued: true,
            started: false,
            control,
            output: Output::new(sink),
        };
        self.queues.push_back(sequence.class, id);
        self.sequences.insert(id, sequence);
        self.groups.insert(id.request, group);
    }

    /// Looks after tickets and sinks: cancels, sends what was kept, ends what stalls. `now` is any clock that grows.
    pub(crate) fn poll(&mut self, now: Duration) {
        let mut over = Vec::new();
        for (&request, group) in &mut self.groups {
            let flow = if group.is_cancelled() {
                Flow::Closed
            } else {
                let counts = !group.is_held();
                group.output.poll(now, self.config.stall_limit, counts)
            };
            match flow {
                Flow::Open if group.live == 0 => over.push(request),
                Flow::Open | Flow::Full => {}
                Flow::Closed => over.push(request),
                Flow::Stalled => {
                    group.output.fail(EngineError::Stalled);
                    over.push(request);
                }
            }
        }
        over.into_iter().for_each(|request| self.remove(request));
        self.publish();
    }

    /// Forgets a request and gives back what it held.
    pub(crate) fn remove(&mut self, request: u64) {
        self.end_choices(request);
        if let Some(group) = self.groups.remove(&request) {
            self.leave_queue(group.queued);
        }
    }

    /// Ends a request with an error, as its last event.
    pub(crate) fn fail(&mut self, request: u64, error: EngineError) {
        self.end_choices(request);
        if let Some(group) = self.groups.get_mut(&request) {
            group.live = 0;
            group.output.push(Event::Failed(error));
        }
    }

    /// Ends all requests at once, best effort.
    pub(crate) fn fail_all(&mut self, error: &EngineError) {
        while let Some((_, mut group)) = self.groups.pop_first() {
            self.leave_queue(group.queued);
            if group.live > 0 {
                group.output.fail(error.clone());
            } else {
                group.output.flush();
            }
        }
        self.sequences.clear();
        self.queues = Queues::default();
    }

    fn end_choices(&mut self, request: u64) {
        let ids: Vec<SeqId> =
            self.sequences.range(all_choices(request)).map(|(&id, _)| id).collect();
        ids.into_iter().for_each(|id| self.end(id));
    }

    /// Forgets a sequence and gives its blocks back.
    pub(crate) fn end(&mut self, id: SeqId) {
        if let Some(mut sequence) = self.sequences.remove(&id) {
            self.kv.release(&mut sequence.table, sequence.cache_root);
            if sequence.state == State::Waiting {
                self.queues.remove(sequence.class, id);
            }
        }
    }

    pub(crate) fn leave_queue(&self, was_queued: bool) {
        if was_queued {
            self.gauges.queued.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether a sequence's request is paused.
    pub(crate) fn is_paused(&self, id: SeqId) -> bool {
        self.groups.get(&id.request).is_none_or(Group::is_paused)
    }

    /// Sequences that take part in steps.
    pub(crate) fn active(&self) -> impl Iterator<Item = &Sequence> {
        let running = self.sequences.values().filter(|s| s.state == State::Running);
        running.filter(|sequence| !self.is_paused(sequence.id))
    }

    /// Makes the counters visible to handles.
    pub(crate) fn publish(&self) {
        let waiting = self.sequences.values().filter(|s| s.state == State::Waiting).count();
        let paused = self.groups.values().filter(|group| group.is_paused()).count();
        let (total, idle) = (self.kv.blocks.total(), self.kv.blocks.idle());
        let counters = Counters {
            running: self.active().count() as u64,
            waiting: waiting as u64,
            paused: paused as u64,
            kv_blocks_used: (total - self.kv.blocks.available()) as u64,
            kv_blocks_cached: idle as u64,
            ..self.tally
        };
        *self.gauges.counters.lock().unwrap_or_else(PoisonError::into_inner) = counters;
    }
}
