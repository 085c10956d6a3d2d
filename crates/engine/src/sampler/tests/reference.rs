//! The sampler again, slow and obviously right: 64-bit, whole sorts, one step after the other as documented.

use super::*;
use crate::Step;
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
        let (sets, margin) = self.kept();
        let logits = self.changed_logits();
        let left = &sets[sets.len() - 1].1;
        if self.params.temperature == 0.0 {
            return (left[0], 1.0);
        }
        self.draw(&logits, left, margin)
    }

    /// The tokens that temperature, top-k, top-p and min-p leave, by rising id; and how near the nearest decision was.
    pub(super) fn kept(&self) -> ([(Step, Vec<TokenId>); 4], f64) {
        let params = &self.params;
        let logits = self.changed_logits();
        let set = |order: &[usize]| {
            let mut set: Vec<TokenId> = order.iter().map(|&i| u32::try_from(i).unwrap()).collect();
            set.sort_unstable();
            set
        };
        let mut order: Vec<usize> = (0..logits.len()).filter(|&i| logits[i].is_finite()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
        if params.temperature == 0.0 {
            let best = set(&order[..1]);
            let steps = [Step::Temperature, Step::TopK, Step::TopP, Step::MinP];
            return (steps.map(|step| (step, best.clone())), 1.0);
        }
        let tempered = set(&order);
        let best = logits[order[0]];
        let weight = |i: usize| ((logits[i] - best) / f64::from(params.temperature)).exp();
        let mut margin: f64 = 1.0;
        if params.top_k > 0 {
            margin = cut(&logits, &order, params.top_k as usize, margin);
            order.truncate(params.top_k as usize);
        }
        let top_k = set(&order);
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
            margin = cut(&logits, &order, kept, margin);
            order.truncate(kept);
        }
        let top_p = set(&order);
        if params.min_p > 0.0 {
            let least = f64::from(params.min_p);
            let near = order.iter().map(|&i| (weight(i) - least).abs());
            margin = near.fold(margin, f64::min);
            order.retain(|&i| weight(i) >= least);
        }
        let sets = [
            (Step::Temperature, tempered),
            (Step::TopK, top_k),
            (Step::TopP, top_p),
            (Step::MinP, set(&order)),
        ];
        (sets, margin)
    }

    fn draw(&self, logits: &[f64], left: &[TokenId], mut margin: f64) -> (TokenId, f64) {
        let best = left.iter().map(|&id| logits[id as usize]).fold(f64::MIN, f64::max);
        let temperature = f64::from(self.params.temperature);
        let weight = |id: TokenId| ((logits[id as usize] - best) / temperature).exp();
        let total: f64 = left.iter().map(|&id| weight(id)).sum();
        let random = uniform(self.params.seed.unwrap_or(1), 0, self.output.len() as u64);
        let mut mass = 0.0;
        for &id in left {
            mass += weight(id) / total;
            margin = margin.min((mass - random).abs());
            if mass > random {
                return (id, margin);
            }
        }
        (left[left.len() - 1], 0.0)
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

/// The margin after a cut of the order: none if the logits on both sides differ by less than 32-bit arithmetic tells.
fn cut(logits: &[f64], order: &[usize], kept: usize, margin: f64) -> f64 {
    let Some(&next) = order.get(kept) else { return margin };
    let (inside, outside) = (logits[order[kept - 1]], logits[next]);
    let blurred = inside != outside && inside - outside <= 1e-6 * inside.abs().max(outside.abs());
    if blurred { 0.0 } else { margin }
}
