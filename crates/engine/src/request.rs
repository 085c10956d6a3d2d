//! A request to the engine and what comes back.

use crate::{Explanation, TokenId};

/// Sampling parameters of one request. The order in which they act and their exact definitions: `docs/sampling.md`.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingParams {
    /// `>= 0`; 0 is arg-max (lowest id on ties).
    pub temperature: f32,
    /// 0 is off.
    pub top_k: u32,
    /// `0..=1`; 1 is off. Keeps the smallest set of most likely tokens whose mass reaches `top_p`, the crossing one included.
    pub top_p: f32,
    /// `0..=1`; 0 is off. Keeps tokens with probability `>= min_p *` the highest.
    pub min_p: f32,
    /// Subtracted once from every token generated so far.
    pub presence_penalty: f32,
    /// Subtracted times the count of each token generated so far.
    pub frequency_penalty: f32,
    /// Divides positive and multiplies negative logits of every token in prompt and output; 1 is off.
    pub repetition_penalty: f32,
    /// Added to the logits of these tokens.
    pub logit_bias: Vec<(TokenId, f32)>,
    /// Random numbers are a function of (seed, choice, position). `None` draws a fresh seed, which is reported.
    pub seed: Option<u64>,
    /// Log-probabilities of the raw distribution: `Some(n)` gives the drawn token's and the top `n` alternatives'.
    pub logprobs: Option<u32>,
    /// `1..=20`: says of each token what every step of the sampler left, with this many candidates. Slow, and changes no
    /// token. Comes with the log-probabilities, whether these are asked for or not.
    pub explain: Option<u32>,
}

impl SamplingParams {
    /// Whether every token needs its row: something is told of it besides which it is.
    pub(crate) fn needs_rows(&self) -> bool {
        self.logprobs.is_some() || self.explain.is_some()
    }
}

impl Default for SamplingParams {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            repetition_penalty: 1.0,
            logit_bias: Vec::new(),
            seed: None,
            logprobs: None,
            explain: None,
        }
    }
}

/// Priority classes, most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Reserved capacity.
    Reserved,
    /// Ahead of the default.
    Priority,
    /// The standard.
    Default,
    /// Behind the default.
    Flex,
    /// Fills idle capacity only.
    Batch,
}

/// Restricts which tokens may come next (structured output). Implemented in `chat`.
pub trait Constraint: Send {
    /// Clears the bits of tokens that may not come next; bit `id % 64` of word `id / 64`.
    fn mask(&mut self, allowed: &mut [u64]);
    /// Tells that `token` was chosen.
    fn accept(&mut self, token: TokenId);
    /// Takes back the last `count` accepted tokens (preemption of speculation).
    fn roll_back(&mut self, count: usize);
    /// Tokens that can only come next, in order; empty if there is a choice. For each of them in turn,
    /// [`mask`](Self::mask) allows nothing else: forced or sampled one by one, they are the same. Changes nothing.
    fn forced(&mut self) -> Vec<TokenId>;
}

/// One generation to make.
pub struct Request {
    /// Whoever shares this value shares prefix blocks: a hash of the account. Model digest and KV type are added inside.
    pub cache_root: u64,
    /// The prompt; at least one token.
    pub prompt: Vec<TokenId>,
    /// How to choose tokens.
    pub sampling: SamplingParams,
    /// Most tokens to generate per choice, at least 1.
    pub max_tokens: usize,
    /// Tokens that end a choice; they are not sent.
    pub stop_tokens: Vec<TokenId>,
    /// Independent continuations of the prompt, `>= 1`; forked after prefill.
    pub choices: u32,
    /// Priority class.
    pub class: Class,
    /// Restriction of the output; one per choice, or empty.
    pub constraints: Vec<Box<dyn Constraint>>,
}

/// A token's log-probability under the raw distribution (softmax of the unmodified logits).
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogprob {
    /// The token chosen.
    pub token: TokenId,
    /// Its natural log-probability.
    pub logprob: f32,
    /// The most likely tokens, best first.
    pub top: Vec<(TokenId, f32)>,
    /// Why it was drawn, if that was asked for.
    pub explanation: Option<Box<Explanation>>,
}

/// Why a choice ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// A stop token was chosen.
    StopToken,
    /// `max_tokens` reached.
    MaxTokens,
    /// The model's window is full, or the KV budget for one sequence, should that be less.
    ContextFull,
}

/// What the engine tells about a request, in order: `Started`, tokens of all choices interleaved, one `Finished` per
/// choice; or `Failed` at any point, as the last event.
#[derive(Debug)]
pub enum Event {
    /// Prefill is done; the first token follows.
    Started {
        /// Prompt tokens that were found in the prefix cache.
        cached_tokens: usize,
        /// The seed in use, given or drawn.
        seed: u64,
    },
    /// One generated token.
    Token {
        /// `0..choices`.
        choice: u32,
        /// The token; never a stop token.
        token: TokenId,
        /// Present if log-probabilities or an explanation are asked for.
        logprob: Option<Box<TokenLogprob>>,
    },
    /// A choice ended.
    Finished {
        /// `0..choices`.
        choice: u32,
        /// Why.
        reason: FinishReason,
    },
    /// The request ended with an error.
    Failed(EngineError),
}

/// Why a request was refused or ended.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum EngineError {
    /// The queue is full.
    #[error("the engine's queue is full")]
    Overloaded,
    /// Prompt longer than the window.
    #[error("the prompt has {tokens} tokens, the model's window is {limit}")]
    PromptTooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// The window.
        limit: usize,
    },
    /// The KV budget cannot hold even this prompt alone.
    #[error("the KV cache has {available} blocks, this request needs {needed}")]
    CacheTooSmall {
        /// Blocks needed.
        needed: usize,
        /// Blocks there are.
        available: usize,
    },
    /// A bad request: empty prompt, parameter out of range.
    #[error("invalid request: {0}")]
    Invalid(&'static str),
    /// The receiver did not read for too long.
    #[error("the receiver did not read for too long")]
    Stalled,
    /// The model failed.
    #[error("the model failed: {0}")]
    Model(String),
    /// The engine is shutting down or its thread ended.
    #[error("the engine has stopped")]
    Stopped,
}

/// Where the events of one request go. Never blocks.
pub trait Sink: Send {
    /// Takes the event or says why not; on `Full` the event comes back.
    ///
    /// # Errors
    /// [`SinkError::Full`] pauses the sequence, [`SinkError::Closed`] cancels it.
    fn try_send(&mut self, event: Event) -> Result<(), SinkError>;

    /// Whether the receiver has gone, so that a queued or prefilling request can be cancelled before its first token.
    fn is_closed(&self) -> bool;
}

/// Why a sink took no event.
#[derive(Debug)]
pub enum SinkError {
    /// No room; the event is given back.
    Full(Event),
    /// Nobody will ever read.
    Closed,
}
