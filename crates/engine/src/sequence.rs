//! SEQUENCE: the tokens of one choice and how far they are computed.

use crate::kv::{Table, reusable_blocks};
use crate::sampler::History;
use crate::{BLOCK_TOKENS, Class, Constraint, TokenId};

/// Sequences in the order of their age: requests as they came, choices within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SeqId {
    pub(crate) request: u64,
    pub(crate) choice: u32,
}

/// Where a sequence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// In a queue, without KV blocks.
    Waiting,
    /// Takes part in steps unless its request is paused.
    Running,
}

/// One choice of a request.
pub(crate) struct Sequence {
    pub(crate) id: SeqId,
    pub(crate) class: Class,
    pub(crate) state: State,
    /// Prompt and output.
    pub(crate) tokens: Vec<TokenId>,
    pub(crate) prompt_len: usize,
    pub(crate) cache_root: u64,
    pub(crate) table: Table,
    /// The furthest that positions were computed or found, over all preemptions.
    pub(crate) reached: usize,
    pub(crate) history: History,
    pub(crate) constraint: Option<Box<dyn Constraint>>,
    /// Number of the step that last computed it; 0 before.
    pub(crate) last_step: u64,
}

impl Sequence {
    /// Tokens to compute before the next one can be sampled; at least 1.
    pub(crate) fn pending(&self) -> usize {
        self.tokens.len() - self.table.computed
    }

    /// Tokens generated so far.
    pub(crate) fn generated(&self) -> usize {
        self.tokens.len() - self.prompt_len
    }

    /// Whether the block that holds its next position could come from the prefix cache.
    pub(crate) fn could_adopt(&self) -> bool {
        self.table.computed / BLOCK_TOKENS < reusable_blocks(&self.tokens)
    }

    /// Its place among those who must give way: the greatest goes first.
    pub(crate) fn rank(&self) -> (Class, SeqId) {
        (self.class, self.id)
    }
}
