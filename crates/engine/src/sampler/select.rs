//! Steps that narrow the choice. Top-k, top-p and min-p each keep a prefix of one order (logit falling, id rising on
//! ties), so together they keep the shortest of the prefixes, and no step needs the whole row sorted.

use super::Scratch;
use super::numeric::{CHUNK, exp};
use crate::TokenId;

/// A token's place in the order as an integer: smaller keys come first.
pub(super) fn key(logit: f32, token: TokenId) -> u64 {
    let bits = (logit + 0.0).to_bits(); // -0 ties with 0
    let rising = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    (u64::from(!rising) << 32) | u64::from(token)
}

/// The token of a key.
pub(super) fn token(key: u64) -> TokenId {
    (key & 0xFFFF_FFFF) as TokenId
}

pub(super) fn ids() -> impl Iterator<Item = TokenId> {
    0..TokenId::MAX
}

/// Fills `keys` with the first `count` tokens of the order, sorted. `maxima` are the highest logits of the row's
/// chunks, and make all but a few chunks irrelevant when `count` is small.
pub(super) fn first(row: &[f32], count: usize, maxima: &[f32], scratch: &mut Scratch) {
    let (keys, bounds) = (&mut scratch.keys, &mut scratch.bounds);
    keys.clear();
    if count < maxima.len() {
        bounds.clear();
        bounds.extend_from_slice(maxima);
        // At least `count` logits are as high as the `count`-th highest maximum.
        let (_, &mut bound, _) = bounds.select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a));
        for (index, _) in maxima.iter().enumerate().filter(|&(_, &max)| max >= bound) {
            let start = index * CHUNK;
            let end = row.len().min(start + CHUNK);
            let chunk = row.iter().zip(ids()).take(end).skip(start);
            keys.extend(chunk.filter(|&(&x, _)| x >= bound).map(|(&x, id)| key(x, id)));
        }
    } else {
        keys.extend(row.iter().zip(ids()).map(|(&x, id)| key(x, id)));
    }
    if count < keys.len() {
        keys.select_nth_unstable(count - 1);
        keys.truncate(count);
    }
    keys.sort_unstable();
}

/// Fills `weights` with `exp((logit - max) / temperature)` of the tokens in `keys`.
pub(super) fn weigh(row: &[f32], max: f32, temperature: f32, scratch: &mut Scratch) {
    let weight = |&key: &u64| exp((row[token(key) as usize] - max) / temperature);
    scratch.weights.clear();
    scratch.weights.extend(scratch.keys.iter().map(weight));
}

/// Of sorted `keys` with their `weights`, how many make the smallest prefix whose mass reaches `share` of `total`:
/// the crossing one included, at least one. `None` if all of them do not.
pub(super) fn mass_prefix(weights: &[f32], share: f32, total: f64) -> Option<usize> {
    let wanted = f64::from(share) * total;
    let mut sum = 0.0;
    weights
        .iter()
        .position(|&weight| {
            sum += f64::from(weight);
            sum >= wanted
        })
        .map(|index| index + 1)
}

/// Top-p over the whole row, whose weights are in `scratch`. On return `scratch.keys` holds the kept tokens, in no
/// particular order; or, if there are many, none: then the weights of all others are 0.
pub(super) fn nucleus(row: &[f32], cut: &Cut, maxima: &[f32], scratch: &mut Scratch) {
    let few = 256.min(row.len());
    first(row, few, maxima, scratch);
    let Scratch { keys, weights, .. } = scratch;
    let wanted = f64::from(cut.share) * cut.total;
    let mut sum = 0.0;
    let hit = keys.iter().position(|&key| {
        sum += f64::from(weights[token(key) as usize]);
        sum >= wanted
    });
    if let Some(index) = hit {
        keys.truncate(index + 1);
    } else if few < row.len() {
        large_nucleus(row, cut, wanted, scratch);
    }
}

/// What [`nucleus`] cuts by.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// Top-p.
    pub(super) share: f32,
    /// Sum of the row's weights.
    pub(super) total: f64,
    /// The highest logit.
    pub(super) max: f32,
    pub(super) temperature: f32,
}

impl Cut {
    /// A coarse place in the order: steps of 1/8 in `ln weight`, 0 for the highest logit, never falling as logits
    /// fall. The last one takes all that have next to no weight.
    fn bucket(&self, logit: f32) -> usize {
        const INTEGERS: f32 = 8_388_608.0; // 2^23: adding it leaves an integer in the low bits
        let place = ((self.max - logit) * (8.0 / self.temperature)).min(BUCKETS as f32 - 1.0);
        ((place + INTEGERS).to_bits() & (BUCKETS - 1)) as usize
    }
}

const BUCKETS: u32 = 1024;

/// Finds the bucket in which the mass crosses `wanted`, then the token within it; takes the weight of all after it.
fn large_nucleus(row: &[f32], cut: &Cut, wanted: f64, scratch: &mut Scratch) {
    let Scratch { keys, weights, masses, .. } = scratch;
    masses.clear();
    masses.resize(BUCKETS as usize, 0.0);
    for (&x, &weight) in row.iter().zip(weights.iter()) {
        masses[cut.bucket(x)] += f64::from(weight);
    }
    let mut before = 0.0;
    let crossing = masses.iter().position(|&mass| {
        let crosses = before + mass >= wanted;
        before += if crosses { 0.0 } else { mass };
        crosses
    });
    let crossing = crossing.unwrap_or(BUCKETS as usize);
    keys.clear();
    for ((&x, id), weight) in row.iter().zip(ids()).zip(weights.iter_mut()) {
        let bucket = cut.bucket(x);
        if bucket == crossing {
            keys.push(key(x, id));
        }
        *weight = if bucket > crossing { 0.0 } else { *weight };
    }
    let kept = halve(keys, weights, wanted - before);
    keys.drain(..).skip(kept).for_each(|key| weights[token(key) as usize] = 0.0);
}

/// Orders `keys` so that the smallest prefix of the order whose mass reaches `wanted` comes first, and gives its
/// length. Halves the range in which its end lies: linear time over all.
fn halve(keys: &mut [u64], weights: &[f32], wanted: f64) -> usize {
    let weight = |key: u64| f64::from(weights[token(key) as usize]);
    let (mut low, mut high, mut below) = (0, keys.len(), 0.0);
    // The prefix up to `low` has the mass `below`, which is too little; the one up to `high` is enough (or all).
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        keys[low..high].select_nth_unstable(middle - low);
        let mass: f64 = keys[low..middle].iter().map(|&key| weight(key)).sum();
        if below + mass >= wanted {
            high = middle;
        } else {
            below += mass;
            low = middle;
        }
    }
    high
}
