//! THE PLAN OF A STEP: who computes how many tokens. Pure decisions over plain values.
//!
//! Decode rows come first: each costs one token and someone waits for it. Prefill chunks share what is left of the
//! step's tokens and predicted time: by class weights, then what a class does not use goes on in class order.
//! Within a class, half belongs to the oldest, the rest to those with the least left, so that a short prompt does
//! not wait for a long one and a long one still gets on. The batch class gets what nobody else wants.

use crate::Class;
use crate::sequence::SeqId;

/// A sequence that could take part in the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) id: SeqId,
    pub(crate) class: Class,
    /// Tokens to compute before it can sample; 1 is a decode row.
    pub(crate) pending: usize,
    /// Its next block is being computed by another candidate: it takes no tokens.
    pub(crate) awaits: bool,
    /// The step that last computed it.
    pub(crate) last_step: u64,
}

/// Tokens of one sequence in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) id: SeqId,
    pub(crate) class: Class,
    pub(crate) tokens: usize,
}

/// How big the step may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Hard limit, in tokens; at least twice `quantum`.
    pub(crate) tokens: usize,
    /// Prefill tokens that fit into the step's time beside the decode rows.
    pub(crate) prefill: usize,
    /// What prefill gets at least, so that decode rows never stop it.
    pub(crate) quantum: usize,
    /// How much of `prefill` batch may use when others take part.
    pub(crate) spare: usize,
    /// Prefill tokens that take as long as one decode row; at least 1.
    pub(crate) row_worth: usize,
}

/// Classes with a share, and their weights. Batch has none.
pub(crate) const WEIGHTS: [(Class, usize); 4] =
    [(Class::Reserved, 16), (Class::Priority, 8), (Class::Default, 4), (Class::Flex, 1)];

/// Chooses the step's slices, most important first.
pub(crate) fn plan(candidates: &[Candidate], room: Room) -> Vec<Slice> {
    let (batch, others): (Vec<Candidate>, Vec<Candidate>) = candidates
        .iter()
        .filter(|candidate| !candidate.awaits)
        .partition(|candidate| candidate.class == Class::Batch);
    if others.is_empty() {
        return fill(&batch, room);
    }
    let mut slices = fill(&others, room);
    slices.extend(fill_idle(&batch, &slices, room));
    slices
}

/// The decode rows of a step and those of its candidates that are not.
fn split(candidates: &[Candidate]) -> (Vec<Candidate>, Vec<Candidate>) {
    let (mut rows, mut prefills): (Vec<Candidate>, Vec<Candidate>) =
        candidates.iter().partition(|candidate| candidate.pending == 1);
    // Should there be too many rows for one step, those that waited longest go first.
    rows.sort_unstable_by_key(|row| (row.class, row.last_step, row.id));
    prefills.sort_unstable_by_key(|prefill| (prefill.class, prefill.id));
    (rows, prefills)
}

fn slice(candidate: &Candidate, tokens: usize) -> Slice {
    Slice { id: candidate.id, class: candidate.class, tokens }
}

fn fill(candidates: &[Candidate], room: Room) -> Vec<Slice> {
    let (mut rows, prefills) = split(candidates);
    let quantum = if prefills.is_empty() { 0 } else { room.quantum };
    rows.truncate(room.tokens.saturating_sub(quantum));
    let left = room.prefill.max(quantum).min(room.tokens.saturating_sub(rows.len()));
    let mut slices: Vec<Slice> = rows.iter().map(|row| slice(row, 1)).collect();
    slices.extend(prefill_slices(&prefills, left));
    slices.sort_unstable_by_key(|slice| (slice.class, slice.id));
    slices
}

/// What batch may do beside the slices of others.
fn fill_idle(batch: &[Candidate], others: &[Slice], room: Room) -> Vec<Slice> {
    let used: usize = others.iter().map(|slice| slice.tokens).sum();
    let prefilled: usize =
        others.iter().map(|slice| slice.tokens).filter(|&tokens| tokens > 1).sum();
    let left = room.spare.saturating_sub(prefilled).min(room.tokens.saturating_sub(used));
    let (mut rows, prefills) = split(batch);
    rows.truncate(left / room.row_worth);
    let prefill = left - rows.len() * room.row_worth;
    let mut slices: Vec<Slice> = rows.iter().map(|row| slice(row, 1)).collect();
    slices.extend(prefill_slices(&prefills, prefill));
    slices.sort_unstable_by_key(|slice| slice.id);
    slices
}

/// Divides `budget` tokens among prefills, which come sorted by class and age.
fn prefill_slices(prefills: &[Candidate], budget: usize) -> Vec<Slice> {
    let mut grants = vec![0; prefills.len()];
    let classes: Vec<&[Candidate]> = prefills.chunk_by(|a, b| a.class == b.class).collect();
    let all: usize = classes.iter().map(|class| weight(class[0].class)).sum();
    let mut left = budget;
    let mut first = 0;
    for class in &classes {
        let share = (budget * weight(class[0].class)).div_ceil(all).min(left);
        left -= share_out(class, share, &mut grants[first..first + class.len()]);
        first += class.len();
    }
    first = 0;
    for class in &classes {
        left -= share_out(class, left, &mut grants[first..first + class.len()]);
        first += class.len();
    }
    let granted = prefills.iter().zip(&grants).filter(|&(_, &tokens)| tokens > 0);
    granted.map(|(candidate, &tokens)| slice(candidate, tokens)).collect()
}

fn weight(class: Class) -> usize {
    WEIGHTS.iter().find(|(weighted, _)| *weighted == class).map_or(1, |&(_, weight)| weight)
}

/// Adds up to `budget` tokens to the grants of one class. Says how many were used.
fn share_out(class: &[Candidate], budget: usize, grants: &mut [usize]) -> usize {
    let mut left = budget;
    let mut give = |index: usize, most: usize| {
        let tokens = most.min(left).min(class[index].pending - grants[index]);
        grants[index] += tokens;
        left -= tokens;
    };
    give(0, budget.div_ceil(2));
    let mut by_rest: Vec<usize> = (0..class.len()).collect();
    by_rest.sort_by_key(|&index| class[index].pending);
    by_rest.into_iter().for_each(|index| give(index, budget));
    budget - left
}

/// Which class is admitted next when several wait: in proportion to the weights, a higher class soonest.
///
/// Stride scheduling (Waldspurger, Weihl 1995): a class with weight w is due 1 / w after its last turn, or after it
/// began to wait, whichever is later; who is due first is next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    due: [u64; WEIGHTS.len()],
    /// When the last turn was due.
    now: u64,
}

const STRIDE: u64 = 1 << 20;

impl Turns {
    /// The class to admit from, of those that wait. Batch only if no other waits.
    pub(crate) fn pick(&self, waits: impl Fn(Class) -> bool) -> Option<Class> {
        let weighted = WEIGHTS.iter().zip(&self.due).filter(|((class, _), _)| waits(*class));
        let next = weighted.min_by_key(|&(_, due)| due);
        next.map(|((class, _), _)| *class).or_else(|| waits(Class::Batch).then_some(Class::Batch))
    }

    /// Tells that a class begins to wait. It has no credit from the time when it did not.
    pub(crate) fn joins(&mut self, class: Class) {
        let now = self.now;
        self.put_off(class, |due, stride| due.max(now + stride));
    }

    /// Tells that one of this class was admitted.
    pub(crate) fn took(&mut self, class: Class) {
        let mut now = self.now;
        self.put_off(class, |due, stride| {
            now = now.max(due);
            now + stride
        });
        self.now = now;
    }

    fn put_off(&mut self, class: Class, mut change: impl FnMut(u64, u64) -> u64) {
        for ((weighted, weight), due) in WEIGHTS.iter().zip(&mut self.due) {
            if *weighted == class {
                *due = change(*due, STRIDE / *weight as u64);
            }
        }
    }
}

#[cfg(test)]
#[path = "scheduler/tests.rs"]
mod tests;
