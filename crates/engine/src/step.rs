//! THE STEP: admit, plan, forward, mask, sample, emit. It sees token ids only: no text, no clock.

use crate::core::Core;
use crate::cost::{Span, Work};
use crate::group::Group;
use crate::kv::{OutOfBlocks, block_tokens};
use crate::output::Flow;
use crate::prefix_cache::Tail;
use crate::sampler::{Job, SampleError, Sampled, Sampler};
use crate::scheduler::{Candidate, Room, Slice, plan};
use crate::sequence::{SeqId, Sequence, State};
use crate::{
    BLOCK_TOKENS, Chunk, Class, EngineError, Event, FinishReason, LogitsRows, ModelError, TokenId,
};

/// Smallest share of a step that prefill gets while there are decode rows, in tokens.
const PREFILL_QUANTUM: usize = BLOCK_TOKENS;
/// How many times longer a step may take for the sake of prefill than its decode rows alone would.
const PREFILL_STRETCH: f64 = 3.0;
/// The same for the sake of batch work.
const BATCH_STRETCH: f64 = 1.5;
/// Most forced tokens appended at once, so that a step stays short whatever a constraint settles.
const FORCED_MAX: usize = 64;

impl Core {
    /// Computes one step. Says how many tokens went through the model; 0 if there was nothing to do.
    pub(crate) fn step(&mut self) -> usize {
        self.admit();
        let candidates = self.candidates();
        let room = self.room(&candidates);
        let slices = self.secure_blocks(&plan(&candidates, room));
        if !slices.is_empty() {
            self.tally.steps += 1;
            match self.forward(&slices) {
                Ok(()) => self.take_results(&slices),
                Err(error) => self.fail_slices(&slices, &error),
            }
        }
        self.publish();
        self.emit();
        let tokens = slices.iter().map(|slice| slice.tokens);
        let rows = tokens.clone().filter(|&tokens| tokens == 1).count();
        let tokens: usize = tokens.sum();
        self.work = Work { rows, prefill: tokens - rows };
        tokens
    }

    fn room(&self, candidates: &[Candidate]) -> Room {
        let tokens = self.config.step_token_budget.max(2 * PREFILL_QUANTUM);
        let rows = |batch| {
            let rows = candidates.iter().filter(|c| c.pending == 1);
            rows.filter(|c| (c.class == Class::Batch) == batch).count()
        };
        let only_batch = candidates.iter().all(|c| c.class == Class::Batch);
        let rows = rows(only_batch);
        let fits = |stretch| {
            let span = Span { target: self.config.step_time_target, stretch };
            self.cost.prefill_beside(rows, span, tokens)
        };
        Room {
            tokens,
            prefill: fits(PREFILL_STRETCH),
            quantum: PREFILL_QUANTUM,
            spare: fits(BATCH_STRETCH),
            row_worth: self.cost.row_worth(tokens),
        }
    }

    /// Everyone who could take part. Prefills first take over the blocks that became known since the last step, and
    /// wait for a block that one before them is about to compute.
    fn candidates(&mut self) -> Vec<Candidate> {
        let mut ids: Vec<_> = self.active().map(Sequence::rank).collect();
        ids.sort_unstable();
        for &(_, id) in &ids {
            self.adopt(id);
        }
        let mut leads: Vec<(Tail, &[TokenId])> = Vec::new();
        let mut candidates = Vec::with_capacity(ids.len());
        for sequence in ids.iter().filter_map(|(_, id)| self.sequences.get(id)) {
            let next = next_block(sequence);
            let awaits = next.is_some_and(|next| sequence.could_adopt() && leads.contains(&next));
            if !awaits {
                leads.extend(next);
            }
            let (id, class, last_step) = (sequence.id, sequence.class, sequence.last_step);
            let pending = sequence.pending();
            candidates.push(Candidate { id, class, pending, awaits, last_step });
        }
        candidates
    }

    fn adopt(&mut self, id: SeqId) {
        let Some(sequence) = self.sequences.get_mut(&id) else { return };
        if sequence.pending() == 1 || self.kv.adopt(&mut sequence.table, &sequence.tokens) == 0 {
            return;
        }
        let found = sequence.table.computed.min(sequence.prompt_len);
        let new = found.saturating_sub(sequence.reached);
        sequence.reached += new;
        self.tally.prompt_tokens_cached += new as u64;
        if let Some(group) = self.groups.get_mut(&id.request) {
            group.cached_tokens += new;
        }
    }

    /// Gives each slice the blocks it writes to, the most important first. Others lose theirs if need be; slices
    /// that cannot be served are left out.
    fn secure_blocks(&mut self, planned: &[Slice]) -> Vec<Slice> {
        let mut slices = planned.to_vec();
        slices.retain(|slice| self.secure(slice));
        // One served early may have lost its blocks to a later one, if its owner paused it this very moment.
        slices.retain(|slice| self.is_running(slice.id));
        slices
    }

    fn is_running(&self, id: SeqId) -> bool {
        self.sequences.get(&id).is_some_and(|s| s.state == State::Running)
    }

    fn secure(&mut self, slice: &Slice) -> bool {
        while self.is_running(slice.id) {
            let Some(sequence) = self.sequences.get_mut(&slice.id) else { return false };
            let end = sequence.table.computed + slice.tokens;
            match self.kv.grow(&mut sequence.table, end) {
                Ok(None) => return true,
                Ok(Some((from, to))) => {
                    self.model.copy_block(from, to);
                    return true;
                }
                Err(OutOfBlocks) => {
                    let victim = self.who_gives_blocks_to(slice.id);
                    self.preempt(victim.unwrap_or(slice.id));
                }
            }
        }
        false
    }

    fn forward(&mut self, slices: &[Slice]) -> Result<(), ModelError> {
        let sequences = slices.iter().filter_map(|s| Some((self.sequences.get(&s.id)?, s.tokens)));
        let chunks: Vec<Chunk<'_>> = sequences
            .map(|(sequence, tokens)| {
                let start = sequence.table.computed;
                let last = tokens == sequence.pending();
                Chunk {
                    tokens: &sequence.tokens[start..start + tokens],
                    start,
                    block_table: &sequence.table.blocks,
                    logits: if last { LogitsRows::Last } else { LogitsRows::None },
                }
            })
            .collect();
        self.model.forward(&chunks, &mut self.logits)
    }

    fn fail_slices(&mut self, slices: &[Slice], error: &ModelError) {
        for slice in slices {
            self.fail(slice.id.request, EngineError::Model(error.to_string()));
        }
    }

    /// Notes what was computed and samples from the rows, which come in the order of the slices.
    fn take_results(&mut self, slices: &[Slice]) {
        let vocab_size = self.model.info().vocab_size;
        let mut logits = std::mem::take(&mut self.logits);
        let mut rows = logits.chunks_mut(vocab_size.max(1));
        for slice in slices {
            // A slice may have gone with a request whose other choice failed: its row is passed over.
            let Some(sequence) = self.sequences.get_mut(&slice.id) else {
                rows.next();
                continue;
            };
            let (start, last) = (sequence.table.computed, slice.tokens == sequence.pending());
            let end = start + slice.tokens;
            let prompt = end.min(sequence.prompt_len).saturating_sub(start);
            sequence.last_step = self.tally.steps;
            sequence.reached = sequence.reached.max(end);
            self.tally.prompt_tokens_computed += prompt as u64;
            if !last {
                self.kv.commit(&mut sequence.table, &sequence.tokens, end);
                continue;
            }
            let sampled = match rows.next() {
                Some(row) => self.sample(slice.id, end, row),
                None => Err(SampleError::NotFinite),
            };
            if let Err(error) = sampled {
                self.fail(slice.id.request, engine_error(error));
            }
        }
        self.logits = logits;
    }

    /// Samples the next token of a sequence whose tokens are all computed. The first time, this forks the choices:
    /// they draw from the same row and share all blocks.
    fn sample(&mut self, id: SeqId, end: usize, row: &mut [f32]) -> Result<(), SampleError> {
        let (Some(group), Some(sequence)) =
            (self.groups.get_mut(&id.request), self.sequences.get_mut(&id))
        else {
            return Ok(());
        };
        let forks = if group.started { 1 } else { group.choices };
        let original = if forks > 1 { row.to_vec() } else { Vec::new() };
        let first = draw(&mut self.sampler, group, sequence, row)?;
        // Only now is it known that the row, and so the cache, holds numbers.
        self.kv.commit(&mut sequence.table, &sequence.tokens, end);
        if !group.started {
            group.started = true;
            let (cached_tokens, seed) = (group.cached_tokens, group.seed);
            group.output.push(Event::Started { cached_tokens, seed });
        }
        let ids = (1..forks).map(|choice| SeqId { choice, ..id });
        let forked: Vec<SeqId> = ids.filter_map(|fork| self.fork(id, fork)).collect();
        self.accept_and_force(id, first);
        for fork in forked {
            let (Some(group), Some(sequence)) =
                (self.groups.get(&id.request), self.sequences.get_mut(&fork))
            else {
                break;
            };
            row.copy_from_slice(&original);
            let sampled = draw(&mut self.sampler, group, sequence, row)?;
            self.accept_and_force(fork, sampled);
        }
        Ok(())
    }

    fn fork(&mut self, from: SeqId, to: SeqId) -> Option<SeqId> {
        let group = self.groups.get_mut(&from.request)?;
        let parent = self.sequences.get(&from)?;
        let sequence = Sequence {
            id: to,
            class: parent.class,
            state: State::Running,
            tokens: parent.tokens.clone(),
            prompt_len: parent.prompt_len,
            cache_root: parent.cache_root,
            table: self.kv.fork(&parent.table),
            reached: parent.reached,
            history: parent.history.clone(),
            constraint: group.constraints.pop(),
            last_step: parent.last_step,
        };
        self.sequences.insert(to, sequence);
        Some(to)
    }

    /// Appends a sampled token and those that can only follow it. The next step computes them together.
    fn accept_and_force(&mut self, id: SeqId, sampled: Sampled) {
        if !self.accept(id, sampled) {
            return;
        }
        for token in self.forced(id) {
            if !self.accept(id, Sampled { token, logprob: None }) {
                return;
            }
        }
    }

    /// Tokens that need no sampling. Where log-probabilities or explanations are asked for, every token needs its row:
    /// then they are sampled one by one, from masks that allow nothing else, and are the same.
    fn forced(&mut self, id: SeqId) -> Vec<TokenId> {
        let scored = self.groups.get(&id.request).is_none_or(|g| g.sampling.needs_rows());
        let sequence = self.sequences.get_mut(&id).filter(|_| !scored);
        let constraint = sequence.and_then(|sequence| sequence.constraint.as_mut());
        let mut forced = constraint.map_or_else(Vec::new, |constraint| constraint.forced());
        let known = forced.iter().take_while(|token| self.bounds.knows(**token)).count();
        forced.truncate(known.min(FORCED_MAX));
        forced
    }

    /// Appends a token, or ends the choice. Says whether it goes on.
    fn accept(&mut self, id: SeqId, sampled: Sampled) -> bool {
        let (Some(group), Some(sequence)) =
            (self.groups.get_mut(&id.request), self.sequences.get_mut(&id))
        else {
            return false;
        };
        let (token, choice) = (sampled.token, id.choice);
        let reason = if group.stop_tokens.contains(&token) {
            Some(FinishReason::StopToken)
        } else {
            sequence.tokens.push(token);
            sequence.history.record(token);
            if let Some(constraint) = &mut sequence.constraint {
                constraint.accept(token);
            }
            self.tally.tokens_generated += 1;
            group.output.push(Event::Token { choice, token, logprob: sampled.logprob });
            if sequence.generated() >= group.max_tokens {
                Some(FinishReason::MaxTokens)
            } else if sequence.tokens.len() >= self.bounds.sequence_limit() {
                Some(FinishReason::ContextFull)
            } else {
                None
            }
        };
        if let Some(reason) = reason {
            group.output.push(Event::Finished { choice, reason });
            group.live -= 1;
            self.end(id);
        }
        reason.is_none()
    }

    /// Sends what the step produced. The counters include it already.
    fn emit(&mut self) {
        let mut over = Vec::new();
        for (&request, group) in self.groups.iter_mut().filter(|(_, g)| g.output.has_events()) {
            let flow = group.output.flush();
            if flow == Flow::Closed || flow == Flow::Open && group.live == 0 {
                over.push(request);
            }
        }
        over.into_iter().for_each(|request| self.remove(request));
    }
}

/// The block that a prefill is about to compute, if it begins one that others may want: what stands before it, and
/// its tokens.
fn next_block(sequence: &Sequence) -> Option<(Tail, &[TokenId])> {
    let index = sequence.table.computed / BLOCK_TOKENS;
    let whole = (index + 1) * BLOCK_TOKENS <= sequence.tokens.len();
    let tail = sequence.table.tail.filter(|_| whole && sequence.pending() > 1)?;
    Some((tail, block_tokens(&sequence.tokens, index)))
}

fn draw(
    sampler: &mut Sampler,
    group: &Group,
    sequence: &mut Sequence,
    row: &mut [f32],
) -> Result<Sampled, SampleError> {
    let mask = sequence.constraint.as_mut().map(|constraint| {
        let mut allowed = vec![u64::MAX; row.len().div_ceil(64)];
        constraint.mask(&mut allowed);
        allowed
    });
    let job = Job {
        params: &group.sampling,
        history: &sequence.history,
        mask: mask.as_deref(),
        seed: group.seed,
        choice: sequence.id.choice,
        position: sequence.generated(),
    };
    sampler.sample(row, &job)
}

fn engine_error(error: SampleError) -> EngineError {
    match error {
        SampleError::NotFinite => EngineError::Model(ModelError::NotFinite.to_string()),
        SampleError::NothingAllowed => EngineError::Invalid("the constraint allows no token"),
    }
}
