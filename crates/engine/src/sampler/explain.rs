//! What each step made of a row: a teaching path, walked after the draw and off unless asked for.
//!
//! It runs the sampler's own steps one after the other with the later ones at their neutral values, so that what it shows
//! is what was drawn from, to the bit; only the order of the listed candidates is its own work.

use super::select::{ids, key, token};
use super::{Job, Sampler, forbid, numeric, penalties};
use crate::rng::uniform;
use crate::{Candidate, Explanation, SamplingParams, Stage, Step, TokenId};

/// What of each stage is shown.
#[derive(Clone, Copy)]
pub(super) struct View {
    /// Candidates, at least.
    pub(super) shown: usize,
    /// The token drawn, which every stage shows.
    pub(super) drawn: TokenId,
}

/// The tokens that a step left: places in the order, with their weights.
type Left = Vec<(u64, f32)>;

impl Sampler {
    /// Explains the draw of `view.drawn` from `row`, which is as the model gave it and is used up. Clobbers the scratch
    /// memory: nothing of it may be needed any more.
    pub(super) fn explain(&mut self, row: &mut [f32], job: &Job<'_>, view: View) -> Explanation {
        let mut stages = Vec::with_capacity(Step::ALL.len());
        let left = self.weighed(row);
        let entropy = entropy(row, &left);
        stages.push(view.stage(Step::Raw, false, row, left));
        for (step, act) in LOGIT_STEPS {
            let before = row.to_vec();
            act(row, job);
            let changed = before.iter().zip(row.iter()).any(|(old, new)| old != new);
            let left = self.weighed(row);
            stages.push(view.stage(step, changed, row, left));
        }
        for (step, params) in filters(job.params) {
            let kept = stages.last().map_or(0, |stage| stage.kept);
            let left = self.left(row, &params, view.drawn);
            let changed = match step {
                Step::Temperature => params.temperature != 1.0,
                _ => left.len() < kept,
            };
            stages.push(view.stage(step, changed, row, left));
        }
        let random = (job.params.temperature > 0.0)
            .then(|| uniform(job.seed, job.choice, job.position as u64));
        Explanation { stages, random, entropy }
    }

    /// The whole row at temperature 1, without what a mask took away.
    fn weighed(&mut self, row: &[f32]) -> Left {
        numeric::scan(row, &mut self.maxima);
        let max = numeric::highest(&self.maxima);
        numeric::weigh(row, max, 1.0, &mut self.scratch.weights);
        places(row).zip(self.scratch.weights.iter().copied()).filter_map(allowed(row)).collect()
    }

    /// What temperature, top-k, top-p and min-p leave. `self.maxima` belong to `row`.
    fn left(&mut self, row: &[f32], params: &SamplingParams, drawn: TokenId) -> Left {
        if params.temperature == 0.0 {
            return vec![(key(row[drawn as usize], drawn), 1.0)];
        }
        let max = numeric::highest(&self.maxima);
        self.narrow(row, max, params);
        let mut left: Left = if self.scratch.keys.is_empty() {
            let weights = self.scratch.weights.iter().copied();
            let all = places(row).zip(weights).filter_map(allowed(row));
            // Without a list of keys, top-p has taken the weights of those that it did not keep.
            all.filter(|&(_, weight)| params.top_p == 1.0 || weight > 0.0).collect()
        } else {
            let weight = |key| numeric::exp((row[token(key) as usize] - max) / params.temperature);
            let kept = self.scratch.keys.iter().map(|&key| (key, weight(key)));
            kept.filter_map(allowed(row)).collect()
        };
        if params.min_p > 0.0 {
            left.retain(|&(_, weight)| weight >= params.min_p);
        }
        left
    }
}

/// What a step does to a row.
type Act = fn(&mut [f32], &Job<'_>);

/// The steps that change logits, each alone.
const LOGIT_STEPS: [(Step, Act); 4] = [
    (Step::Repetition, |row, job| penalties::repetition(row, job.params, job.history)),
    (Step::FrequencyPresence, |row, job| {
        penalties::frequency_and_presence(row, job.params, job.history);
    }),
    (Step::Bias, |row, job| penalties::bias(row, job.params)),
    (Step::Constraint, |row, job| {
        if let Some(mask) = job.mask {
            forbid(row, mask);
        }
    }),
];

/// The steps after them, each with all before it and none after it.
fn filters(params: &SamplingParams) -> [(Step, SamplingParams); 4] {
    let min_p = SamplingParams { logit_bias: Vec::new(), ..params.clone() };
    let top_p = SamplingParams { min_p: 0.0, ..min_p.clone() };
    let top_k = SamplingParams { top_p: 1.0, ..top_p.clone() };
    let temperature = SamplingParams { top_k: 0, ..top_k.clone() };
    [
        (Step::Temperature, temperature),
        (Step::TopK, top_k),
        (Step::TopP, top_p),
        (Step::MinP, min_p),
    ]
}

/// Every token's place in the order, by rising id.
fn places(row: &[f32]) -> impl Iterator<Item = u64> {
    row.iter().zip(ids()).map(|(&logit, id)| key(logit, id))
}

/// Passes what no mask took away.
fn allowed(row: &[f32]) -> impl Fn((u64, f32)) -> Option<(u64, f32)> {
    move |(key, weight)| (row[token(key) as usize] > f32::NEG_INFINITY).then_some((key, weight))
}

/// Shannon entropy in nats of the softmax of `row`, whose weights are `left`: with x the logits less their maximum, w = e^x
/// and S the sum of all w, it is ln S − Σ w·x / S.
fn entropy(row: &[f32], left: &[(u64, f32)]) -> f32 {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut moment) = (0.0f64, 0.0f64);
    for &(key, weight) in left {
        sum += f64::from(weight);
        moment += f64::from(weight) * f64::from(row[token(key) as usize] - max);
    }
    nearest((sum.ln() - moment / sum).max(0.0))
}

fn nearest(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is what is wanted")]
    let nearest = value as f32;
    nearest
}

impl View {
    fn stage(self, step: Step, changed: bool, row: &[f32], mut left: Left) -> Stage {
        let kept = left.len();
        let total: f64 = left.iter().map(|&(_, weight)| f64::from(weight)).sum();
        let shown = self.shown.min(kept);
        if 0 < shown && shown < kept {
            left.select_nth_unstable_by_key(shown - 1, |&(key, _)| key);
        }
        let (first, others) = left.split_at_mut(shown);
        first.sort_unstable_by_key(|&(key, _)| key);
        let candidate = |rank: usize, &(key, weight): &(u64, f32)| Candidate {
            token: token(key),
            rank,
            logit: row[token(key) as usize],
            probability: nearest(f64::from(weight) / total),
        };
        let mut candidates: Vec<Candidate> =
            (1..).zip(first.iter()).map(|(rank, place)| candidate(rank, place)).collect();
        let mut rest: f64 = others.iter().map(|&(_, weight)| f64::from(weight)).sum();
        if let Some(place) = others.iter().find(|&&(key, _)| token(key) == self.drawn) {
            let ahead = others.iter().filter(|&&(key, _)| key < place.0).count();
            candidates.push(candidate(shown + ahead + 1, place));
            rest -= f64::from(place.1);
        }
        Stage { step, changed, kept, candidates, rest: nearest((rest / total).max(0.0)) }
    }
}
