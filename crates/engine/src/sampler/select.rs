//! Steps that narrow the choice. Top-k, top-p and min-p each keep a prefix of one order (logit falling, id rising on
//! ties), so together they keep the shortest of the prefixes, and no step needs the whole row sorted.

use super::Scratch;
use super::numeric::{CHUNK, exp};
use crate::TokenId;

/// A token's place in the order as an integer: smaller keys come first.
fn key(logit: f32, token: TokenId) -> u64 {
    let bits = (logit + 0.0).to_bits(); // -0 ties with 0
    let rising = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    (u64::from(!rising) << 32) | u64::from(token)
}

/// The token of a key.
pub(super) fn token(key: u64) -> TokenId {
    (key & 0xFFFF_FFFF) as TokenId
}

fn ids() -> impl Iterator<Item = TokenId> {
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

/// Top-p over the whole row. On return `keys` holds the kept tokens, in no particular order. `all` are the weights of
/// the row, `total` their sum.
pub(super) fn nucleus(row: &[f32], share: f32, maxima: &[f32], total: f64, scratch: &mut Scratch) {
    let few = 256.min(row.len());
    first(row, few, maxima, scratch);
    let Scratch { keys, weights, .. } = scratch;
    let wanted = f64::from(share) * total;
    let mut sum = 0.0;
    let hit = keys.iter().position(|&key| {
        sum += f64::from(weights[token(key) as usize]);
        sum >= wanted
    });
    if let Some(index) = hit {
        keys.truncate(index + 1);
    } else if few < row.len() {
        halve(row, wanted, scratch);
    }
}

/// Selection by mass: halves the range in which the last kept token lies, in linear time over all.
fn halve(row: &[f32], wanted: f64, scratch: &mut Scratch) {
    let Scratch { keys, weights, .. } = scratch;
    keys.clear();
    keys.extend(row.iter().zip(ids()).map(|(&x, id)| key(x, id)));
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
    keys.truncate(high);
}
