//! The sampler again, slow and obviously right: 64-bit, whole sorts, one step after the other as documented.

use super::*;
use crate::rng::uniform;

pub(super) struct Case {
    pub(super) row: Vec<f32>,
    pub(super) params: SamplingParams,
    pub(super) prompt: Vec<TokenId>,
    pub(super) output: Vec<TokenId>,
    pub(super) mask: Option<Vec<u64>>,
}

impl Case {
    /// The token, and how near the nearest decision was: below 1e-5, 32-bit arithmetic may decide otherwise.
    pub(super) fn solve(&self) -> (TokenId, f64) {
        let params = &self.params;
        let logits = self.changed_logits();
        let mut order: Vec<usize> = (0..logits.len()).filter(|&i| logits[i].is_finite()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
        if params.temperature == 0.0 {
            return (u32::try_from(order[0]).unwrap(), 1.0);
        }
        let best = logits[order[0]];
        let weight = |i: usize| ((logits[i] - best) / f64::from(params.temperature)).exp();
        let mut margin: f64 = 1.0;
        if params.top_k > 0 {
            order.truncate(params.top_k as usize);
        }
        if params.top_p < 1.0 {
            let total: f64 = order.iter().map(|&i| weight(i)).sum();
            let mut mass = 0.0;
            let mut kept = order.len();
            for (index, &i) in order.iter().enumerate() {
                mass += weight(i) / total;
                margin = margin.min((mass - f64::from(params.top_p)).abs());
                if mass >= f64::from(params.top_p) {
                    kept = index + 1;
                    break;
                }
            }
            order.truncate(kept);
        }
        if params.min_p > 0.0 {
            let least = f64::from(params.min_p);
            let near = order.iter().map(|&i| (weight(i) - least).abs());
            margin = near.fold(margin, f64::min);
            order.retain(|&i| weight(i) >= least);
        }
        order.sort_unstable();
        let total: f64 = order.iter().map(|&i| weight(i)).sum();
        let random = uniform(params.seed.unwrap_or(1), 0, self.output.len() as u64);
        let mut mass = 0.0;
        for &i in &order {
            mass += weight(i) / total;
            margin = margin.min((mass - random).abs());
            if mass > random {
                return (u32::try_from(i).unwrap(), margin);
            }
        }
        (u32::try_from(order[order.len() - 1]).unwrap(), 0.0)
    }

    fn changed_logits(&self) -> Vec<f64> {
        let params = &self.params;
        let mut logits: Vec<f64> = self.row.iter().map(|&x| f64::from(x) + 0.0).collect();
        for (token, logit) in (0u32..).zip(&mut logits) {
            let count = self.output.iter().filter(|&&said| said == token).count();
            if count > 0 || self.prompt.contains(&token) {
                let penalty = f64::from(params.repetition_penalty);
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
            if count > 0 {
                *logit -= count as f64 * f64::from(params.frequency_penalty);
                *logit -= f64::from(params.presence_penalty);
            }
            for &(biased, bias) in &params.logit_bias {
                *logit += if biased == token { f64::from(bias) } else { 0.0 };
            }
            let word = self.mask.as_ref().map_or(u64::MAX, |mask| mask[token as usize / 64]);
            if word >> (token % 64) & 1 == 0 {
                *logit = f64::NEG_INFINITY;
            }
        }
        logits
    }
}
