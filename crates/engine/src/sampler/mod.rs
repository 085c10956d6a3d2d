//! THE SAMPLER: one row of logits to one token, by small steps in one order.
//!
//! The order: raw log-probabilities, repetition penalty, frequency and presence penalty, bias, constraint mask,
//! temperature (0: arg-max and done), top-k, top-p, min-p, draw. Definitions and sources: `docs/sampling.md`.

mod explain;
mod numeric;
mod penalties;
mod select;
#[cfg(test)]
mod tests;

pub(crate) use penalties::History;

use crate::rng::uniform;
use crate::{SamplingParams, TokenId, TokenLogprob};

/// What decides the token besides the logits.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) params: &'a SamplingParams,
    pub(crate) history: &'a History,
    /// One bit per token: those a constraint allows.
    pub(crate) mask: Option<&'a [u64]>,
    pub(crate) seed: u64,
    pub(crate) choice: u32,
    /// 0 for the first generated token.
    pub(crate) position: usize,
}

/// The outcome.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sampled {
    pub(crate) token: TokenId,
    pub(crate) logprob: Option<Box<TokenLogprob>>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampleError {
    /// A logit is NaN or infinite.
    NotFinite,
    /// The constraint allows no token.
    NothingAllowed,
}

/// The sampler's memory, kept between rows so that a token costs no allocation.
#[derive(Debug, Default)]
pub(crate) struct Sampler {
    maxima: Vec<f32>,
    scratch: Scratch,
    raw: Vec<f32>,
}

#[derive(Debug, Default)]
struct Scratch {
    keys: Vec<u64>,
    weights: Vec<f32>,
    bounds: Vec<f32>,
    masses: Vec<f64>,
}

impl Sampler {
    /// Chooses a token. `row` has one logit per token of the vocabulary and is used up.
    pub(crate) fn sample(
        &mut self,
        row: &mut [f32],
        job: &Job<'_>,
    ) -> Result<Sampled, SampleError> {
        if !numeric::scan(row, &mut self.maxima) {
            return Err(SampleError::NotFinite);
        }
        let (logprobs, explain) = (job.params.logprobs, job.params.explain);
        if !job.params.needs_rows() {
            return Ok(Sampled { token: self.choose(row, job)?, logprob: None });
        }
        let (top, normaliser) = self.raw_distribution(row, logprobs.unwrap_or(0) as usize);
        let mut raw = std::mem::take(&mut self.raw);
        raw.clear();
        raw.extend_from_slice(row);
        let token = self.choose(row, job)?;
        let logprob = logprob(raw[token as usize], normaliser);
        let explanation = explain.map(|shown| {
            let view = explain::View { shown: shown as usize, drawn: token };
            // The row is used up, so its memory serves.
            row.copy_from_slice(&raw);
            Box::new(self.explain(row, job, view))
        });
        self.raw = raw;
        let logprob = Box::new(TokenLogprob { token, logprob, top, explanation });
        Ok(Sampled { token, logprob: Some(logprob) })
    }

    /// The best `count` tokens with their log-probabilities, and the logarithm of the sum of all exponentials.
    fn raw_distribution(&mut self, row: &[f32], count: usize) -> (Vec<(TokenId, f32)>, f64) {
        let max = numeric::highest(&self.maxima);
        let sum = numeric::weigh(row, max, 1.0, &mut self.scratch.weights);
        let normaliser = f64::from(max) + sum.ln();
        let count = count.min(row.len());
        if count == 0 {
            return (Vec::new(), normaliser);
        }
        select::first(row, count, &self.maxima, &mut self.scratch);
        let entry = |&key: &u64| {
            let token = select::token(key);
            (token, logprob(row[token as usize], normaliser))
        };
        (self.scratch.keys.iter().map(entry).collect(), normaliser)
    }

    /// All steps after the raw log-probabilities. `self.maxima` belong to `row` as it comes in.
    fn choose(&mut self, row: &mut [f32], job: &Job<'_>) -> Result<TokenId, SampleError> {
        let changes = penalties::is_needed(job.params, job.history);
        if changes {
            penalties::apply(row, job.params, job.history);
        }
        if let Some(mask) = job.mask {
            forbid(row, mask);
        }
        if changes || job.mask.is_some() {
            numeric::scan(row, &mut self.maxima);
        }
        let max = numeric::highest(&self.maxima);
        if max == f32::NEG_INFINITY {
            return Err(SampleError::NothingAllowed);
        }
        if job.params.temperature == 0.0 {
            return Ok(id(numeric::argmax(row, &self.maxima)));
        }
        self.narrow(row, max, job.params);
        let random = uniform(job.seed, job.choice, job.position as u64);
        Ok(self.draw(row, max, job.params, random))
    }

    /// Top-k and top-p: leaves the kept tokens in `scratch.keys`, or none there; then `scratch.weights` are those of
    /// the row, 0 for tokens that are not kept.
    fn narrow(&mut self, row: &[f32], max: f32, params: &SamplingParams) {
        let top_k = params.top_k as usize;
        if top_k > 0 && top_k < row.len() {
            select::first(row, top_k, &self.maxima, &mut self.scratch);
            if params.top_p < 1.0 {
                select::weigh(row, max, params.temperature, &mut self.scratch);
                let weights = &self.scratch.weights;
                let total = weights.iter().map(|&w| f64::from(w)).sum();
                let kept = select::mass_prefix(weights, params.top_p, total);
                self.scratch.keys.truncate(kept.unwrap_or(top_k));
            }
            return;
        }
        let total = numeric::weigh(row, max, params.temperature, &mut self.scratch.weights);
        self.scratch.keys.clear();
        if params.top_p < 1.0 {
            let (share, temperature) = (params.top_p, params.temperature);
            let cut = select::Cut { share, total, max, temperature };
            select::nucleus(row, &cut, &self.maxima, &mut self.scratch);
        }
    }

    /// Min-p and the draw: walks the kept tokens by rising id.
    fn draw(&mut self, row: &[f32], max: f32, params: &SamplingParams, random: f64) -> TokenId {
        let whole_row = self.scratch.keys.is_empty();
        if !whole_row {
            self.scratch.keys.sort_unstable_by_key(|&key| select::token(key));
            select::weigh(row, max, params.temperature, &mut self.scratch);
        }
        let Scratch { keys, weights, .. } = &mut self.scratch;
        if params.min_p > 0.0 {
            // The highest weight is exactly 1.
            weights.iter_mut().for_each(|w| *w = if *w >= params.min_p { *w } else { 0.0 });
        }
        let index = numeric::draw(weights, random * numeric::total(weights));
        if whole_row { id(index) } else { select::token(keys[index]) }
    }
}

fn id(index: usize) -> TokenId {
    TokenId::try_from(index).unwrap_or(TokenId::MAX)
}

fn logprob(logit: f32, normaliser: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is what is wanted")]
    let value = (f64::from(logit) - normaliser) as f32;
    value
}

/// Takes away the tokens whose bit is not set.
fn forbid(row: &mut [f32], mask: &[u64]) {
    for (chunk, &word) in row.chunks_mut(64).zip(mask) {
        if word != u64::MAX {
            for (bit, logit) in chunk.iter_mut().enumerate() {
                *logit = if word >> bit & 1 == 1 { *logit } else { f32::NEG_INFINITY };
            }
        }
    }
}
