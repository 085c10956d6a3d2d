//! Steps that change single logits: repetition penalty, frequency and presence penalty, bias.

use std::collections::HashMap;

use crate::{SamplingParams, TokenId};

/// What the penalties need to know of a choice's tokens. Empty when no penalty is on.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    tracks_output: bool,
    /// The prompt's tokens, each once; only for the repetition penalty.
    prompt: Vec<TokenId>,
    /// How often each token was generated.
    generated: HashMap<TokenId, u32>,
}

impl History {
    pub(crate) fn new(params: &SamplingParams, prompt: &[TokenId]) -> Self {
        let repeats = params.repetition_penalty != 1.0;
        let tracks_output =
            repeats || params.presence_penalty != 0.0 || params.frequency_penalty != 0.0;
        let mut unique = if repeats { prompt.to_vec() } else { Vec::new() };
        unique.sort_unstable();
        unique.dedup();
        Self { tracks_output, prompt: unique, generated: HashMap::new() }
    }

    /// Counts a generated token.
    pub(crate) fn record(&mut self, token: TokenId) {
        if self.tracks_output {
            *self.generated.entry(token).or_default() += 1;
        }
    }
}

/// Whether any step of this file has work to do.
pub(super) fn is_needed(params: &SamplingParams, history: &History) -> bool {
    history.tracks_output || !params.logit_bias.is_empty()
}

/// The first three steps of the order, on the logits of single tokens. Results stay finite.
pub(super) fn apply(row: &mut [f32], params: &SamplingParams, history: &History) {
    repetition(row, params, history);
    frequency_and_presence(row, params, history);
    bias(row, params);
}

fn change(row: &mut [f32], token: TokenId, f: impl Fn(f32) -> f32) {
    if let Some(logit) = row.get_mut(token as usize) {
        *logit = f(*logit).clamp(f32::MIN, f32::MAX);
    }
}

/// Keskar et al. 2019 (arXiv 1909.05858), with the usual sign rule: what is positive is divided, else multiplied.
pub(super) fn repetition(row: &mut [f32], params: &SamplingParams, history: &History) {
    let penalty = params.repetition_penalty;
    if penalty == 1.0 {
        return;
    }
    let in_prompt = |token: &TokenId| history.prompt.binary_search(token).is_ok();
    let new = history.generated.keys().filter(|token| !in_prompt(token));
    for &token in history.prompt.iter().chain(new) {
        change(row, token, |logit| if logit > 0.0 { logit / penalty } else { logit * penalty });
    }
}

/// OpenAI's definition: `logit - count * frequency - [count > 0] * presence`, over generated tokens.
pub(super) fn frequency_and_presence(row: &mut [f32], params: &SamplingParams, history: &History) {
    let (frequency, presence) = (params.frequency_penalty, params.presence_penalty);
    if frequency == 0.0 && presence == 0.0 {
        return;
    }
    for (&token, &count) in &history.generated {
        change(row, token, |logit| logit - count as f32 * frequency - presence);
    }
}

/// Adds each bias to its token; a token named twice gets both.
pub(super) fn bias(row: &mut [f32], params: &SamplingParams) {
    for &(token, bias) in &params.logit_bias {
        change(row, token, |logit| logit + bias);
    }
}
