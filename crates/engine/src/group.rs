//! A request inside the engine: what its choices have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::output::Output;
use crate::sequence::SeqId;
use crate::{Constraint, Request, SamplingParams, Sink, TokenId};

/// The wishes of a ticket's owner. Read by the engine once a step.
#[derive(Debug, Default)]
pub(crate) struct Control {
    pub(crate) paused: AtomicBool,
    pub(crate) cancelled: AtomicBool,
}

/// A valid request on its way in.
pub(crate) struct Submission {
    pub(crate) request: Request,
    pub(crate) seed: u64,
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) control: Arc<Control>,
}

/// What the choices of a request share.
pub(crate) struct Group {
    pub(crate) sampling: SamplingParams,
    pub(crate) seed: u64,
    pub(crate) max_tokens: usize,
    pub(crate) stop_tokens: Vec<TokenId>,
    pub(crate) choices: u32,
    /// Choices that have not ended.
    pub(crate) live: u32,
    /// Restrictions of the choices that are not forked yet; the next one last.
    pub(crate) constraints: Vec<Box<dyn Constraint>>,
    /// Prompt tokens found in the prefix cache.
    pub(crate) cached_tokens: usize,
    /// Whether it was never admitted: then it counts against the queue's limit.
    pub(crate) queued: bool,
    /// Whether prefill is done and the choices are forked.
    pub(crate) started: bool,
    pub(crate) control: Arc<Control>,
    pub(crate) output: Output,
}

impl Group {
    /// Whether its sequences stay out of steps.
    pub(crate) fn is_paused(&self) -> bool {
        self.is_held() || self.output.is_full()
    }

    /// Whether the ticket's owner paused it.
    pub(crate) fn is_held(&self) -> bool {
        self.control.paused.load(Ordering::Relaxed)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.control.cancelled.load(Ordering::Relaxed)
    }

    /// Sequences that take a place in the running set when this one is admitted.
    pub(crate) fn places(&self) -> usize {
        if self.started { 1 } else { self.choices as usize }
    }
}

/// All sequence ids of a request.
pub(crate) fn all_choices(request: u64) -> std::ops::RangeInclusive<SeqId> {
    SeqId { request, choice: 0 }..=SeqId { request, choice: u32::MAX }
}
