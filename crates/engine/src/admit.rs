//! WHO MAY TAKE PART, AND WHO MUST GIVE WAY: admission of waiting sequences, preemption by recomputation.

use crate::Class;
use crate::core::Core;
use crate::kv::blocks_for;
use crate::sequence::{SeqId, State};

/// What stands in the way of an admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shortage {
    /// As many sequences run as may.
    Places,
    /// Too few KV blocks.
    Blocks,
}

impl Core {
    /// Lets waiting sequences take part while there is room. One for which there is none is overtaken by higher
    /// classes only, so that it gets the room that comes free.
    pub(crate) fn admit(&mut self) {
        let mut blocked = None;
        while let Some(id) = self.next_waiting(blocked) {
            match self.shortage(id) {
                None => self.start(id),
                Some(shortage) => match self.who_yields_to(id, shortage) {
                    Some(victim) => self.preempt(victim),
                    None => blocked = self.sequences.get(&id).map(|sequence| sequence.class),
                },
            }
        }
    }

    /// The next sequence to admit, of a class above `blocked`.
    fn next_waiting(&self, blocked: Option<Class>) -> Option<SeqId> {
        let open = |class| blocked.is_none_or(|blocked| class < blocked);
        let first = |class| {
            let queue = Some(class).filter(|&class| open(class))?;
            self.queues.first(queue, |&id| !self.is_paused(id))
        };
        let class = self.queues.turns.pick(|class| first(class).is_some())?;
        first(class)
    }

    /// A sequence is admitted if all its tokens fit beside what the others still need for theirs. Growth beyond that
    /// is settled by preemption.
    fn shortage(&self, id: SeqId) -> Option<Shortage> {
        let (Some(sequence), Some(group)) = (self.sequences.get(&id), self.groups.get(&id.request))
        else {
            return None;
        };
        let active = self.active().count();
        if active > 0 && active + group.places() > self.config.max_running {
            return Some(Shortage::Places);
        }
        let known = self.kv.known(sequence.cache_root, &sequence.tokens);
        let needed = blocks_for(sequence.tokens.len()) - known.held;
        // Others' unfinished prefills, and a block to grow for each: a cushion against early preemption.
        let running = self.sequences.values().filter(|s| s.state == State::Running);
        let claimed: usize = running
            .map(|s| blocks_for(s.tokens.len()).saturating_sub(s.table.blocks.len()) + 1)
            .sum();
        let cushion = if active == 0 { 0 } else { claimed + group.places() };
        (needed + cushion > self.kv.blocks.available()).then_some(Shortage::Blocks)
    }

    /// The running sequence, if any, that is preempted so that `id` can be admitted: batch for any other class; for
    /// want of blocks also paused ones, but not of a higher class unless nothing else runs.
    fn who_yields_to(&self, id: SeqId, shortage: Shortage) -> Option<SeqId> {
        let class = self.sequences.get(&id)?.class;
        let alone = self.active().next().is_none();
        let running = self.sequences.values().filter(|s| s.state == State::Running);
        let yields = running.filter(|s| {
            let paused = self.is_paused(s.id);
            let batch = s.class == Class::Batch && class != Class::Batch;
            match shortage {
                Shortage::Places => batch && !paused,
                Shortage::Blocks => {
                    !s.table.blocks.is_empty() && (batch || paused && (alone || s.class >= class))
                }
            }
        });
        yields.max_by_key(|s| (s.class, self.is_paused(s.id), s.id)).map(|s| s.id)
    }

    fn start(&mut self, id: SeqId) {
        let Some(sequence) = self.sequences.get_mut(&id) else { return };
        sequence.state = State::Running;
        self.queues.remove(sequence.class, id);
        self.queues.turns.took(sequence.class);
        if let Some(group) = self.groups.get_mut(&id.request) {
            let was_queued = std::mem::replace(&mut group.queued, false);
            self.leave_queue(was_queued);
        }
    }

    /// Takes a running sequence's blocks away and puts it in front of its queue. What it computed stays in the
    /// prefix cache until others need the room; the rest is computed again.
    pub(crate) fn preempt(&mut self, id: SeqId) {
        let Some(sequence) = self.sequences.get_mut(&id) else { return };
        self.kv.release(&mut sequence.table, sequence.cache_root);
        sequence.state = State::Waiting;
        self.queues.push_front(sequence.class, id);
        self.tally.preemptions += 1;
    }

    /// The sequence that gives its blocks up so that the running `id` can grow: of those that are paused, or of a
    /// lower class, or younger, the one of the lowest class; there a paused one first; then the youngest.
    pub(crate) fn who_gives_blocks_to(&self, id: SeqId) -> Option<SeqId> {
        let rank = self.sequences.get(&id)?.rank();
        let holders = self.sequences.values().filter(|s| !s.table.blocks.is_empty() && s.id != id);
        let candidates = holders.filter(|s| s.rank() > rank || self.is_paused(s.id));
        candidates.max_by_key(|s| (s.class, self.is_paused(s.id), s.id)).map(|s| s.id)
    }
}
