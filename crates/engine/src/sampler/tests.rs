//! Hand-checkable vectors, a slow and obviously right reference, and statistics.

mod explanations;
mod random_rows;
mod reference;
mod statistics;
mod vectors;

use super::{History, Job, SampleError, Sampled, Sampler};
use crate::{SamplingParams, TokenId};

/// Parameters that change nothing: temperature 1.
fn plain() -> SamplingParams {
    SamplingParams::default()
}

fn greedy() -> SamplingParams {
    SamplingParams { temperature: 0.0, ..plain() }
}

/// Samples `row` after `prompt` and `output`.
fn sample_after(
    row: &[f32],
    params: &SamplingParams,
    prompt: &[TokenId],
    output: &[TokenId],
) -> Result<Sampled, SampleError> {
    let mut history = History::new(params, prompt);
    output.iter().for_each(|&token| history.record(token));
    let job = Job {
        params,
        history: &history,
        mask: None,
        seed: params.seed.unwrap_or(1),
        choice: 0,
        position: output.len(),
    };
    Sampler::default().sample(&mut row.to_vec(), &job)
}

fn token(row: &[f32], params: &SamplingParams) -> TokenId {
    sample_after(row, params, &[], &[]).unwrap().token
}

/// All tokens that come out of `row` over many seeds.
fn support(row: &[f32], params: &SamplingParams) -> Vec<TokenId> {
    let seeds = (0..2000).map(Some);
    let mut tokens: Vec<TokenId> =
        seeds.map(|seed| token(row, &SamplingParams { seed, ..params.clone() })).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}
