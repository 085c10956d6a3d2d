//! Is a request one that the engine can serve? Answered before it is queued.

use crate::kv::blocks_for;
use crate::{BLOCK_TOKENS, EngineError, ModelInfo, Request, SamplingParams, TokenId};

/// Most candidates of an explanation.
const EXPLAIN_MAX: u32 = 20;

/// What requests are measured against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) vocab_size: usize,
    pub(crate) context_length: usize,
    pub(crate) blocks: usize,
    pub(crate) max_running: usize,
}

impl Bounds {
    pub(crate) fn new(info: &ModelInfo, blocks: usize, max_running: usize) -> Self {
        let (vocab_size, context_length) = (info.vocab_size, info.context_length);
        Self { vocab_size, context_length, blocks, max_running }
    }

    /// The longest sequence: the model's window, or what the cache holds if that is less. The last token is sampled
    /// but never computed.
    pub(crate) fn sequence_limit(&self) -> usize {
        self.context_length.min(self.blocks.saturating_mul(BLOCK_TOKENS).saturating_add(1))
    }

    /// Checks lengths, ranges and token ids.
    pub(crate) fn check(&self, request: &Request) -> Result<(), EngineError> {
        let tokens = request.prompt.len();
        if tokens == 0 {
            return Err(EngineError::Invalid("the prompt has no tokens"));
        }
        if tokens >= self.context_length {
            return Err(EngineError::PromptTooLong { tokens, limit: self.context_length });
        }
        if request.prompt.iter().any(|&token| !self.knows(token)) {
            return Err(EngineError::Invalid("a prompt token is outside the vocabulary"));
        }
        if request.max_tokens == 0 {
            return Err(EngineError::Invalid("max_tokens must be at least 1"));
        }
        let choices = request.choices as usize;
        if choices == 0 || choices > self.max_running {
            return Err(EngineError::Invalid(
                "choices must be at least 1 and few enough to run side by side",
            ));
        }
        if !request.constraints.is_empty() && request.constraints.len() != choices {
            return Err(EngineError::Invalid("there must be one constraint per choice, or none"));
        }
        self.check_sampling(&request.sampling)?;
        // Only the prompt must fit: output that outgrows the cache ends as output that outgrows the window does.
        let needed = blocks_for(tokens);
        if needed > self.blocks {
            return Err(EngineError::CacheTooSmall { needed, available: self.blocks });
        }
        Ok(())
    }

    /// Whether a token is one of the model's.
    pub(crate) fn knows(&self, token: TokenId) -> bool {
        (token as usize) < self.vocab_size
    }

    fn check_sampling(&self, sampling: &SamplingParams) -> Result<(), EngineError> {
        let unit = 0.0..=1.0;
        let known_bias = |&(token, bias): &(TokenId, f32)| self.knows(token) && bias.is_finite();
        let rules = [
            (
                sampling.temperature.is_finite() && sampling.temperature >= 0.0,
                "temperature must be finite and not negative",
            ),
            (unit.contains(&sampling.top_p), "top_p must be between 0 and 1"),
            (unit.contains(&sampling.min_p), "min_p must be between 0 and 1"),
            (sampling.presence_penalty.is_finite(), "presence_penalty must be finite"),
            (sampling.frequency_penalty.is_finite(), "frequency_penalty must be finite"),
            (
                sampling.repetition_penalty.is_finite() && sampling.repetition_penalty > 0.0,
                "repetition_penalty must be finite and above 0",
            ),
            (
                sampling.logit_bias.iter().all(known_bias),
                "logit_bias must name tokens of the vocabulary and finite values",
            ),
            (
                sampling.explain.is_none_or(|shown| (1..=EXPLAIN_MAX).contains(&shown)),
                "explain must be between 1 and 20",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, message)) => Err(EngineError::Invalid(message)),
            None => Ok(()),
        }
    }
}
