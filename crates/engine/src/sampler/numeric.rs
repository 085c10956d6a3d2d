//! Arithmetic over a row of logits, written so that the compiler makes vector code of it.
//!
//! Nothing here calls the platform's mathematics library in a way that could change a choice of token: the same row
//! gives the same bits on every machine.

/// Logits looked at together. Their maxima are a coarse index of the row.
pub(super) const CHUNK: usize = 64;

/// `e^x` for `x <= 0`, relative error below 3e-7; 0 below -87, where the result would no longer be a normal number.
///
/// Range reduction by ln 2 in two parts, then the degree 6 polynomial of Cephes' `expf`.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const MAGIC: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to an integer in the low bits
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x > -87.0 { x } else { -87.0 };
    let shifted = clamped * std::f32::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = (clamped - n * LN2_HIGH) - n * LN2_LOW;
    let mut p = 1.987_569_1e-4_f32;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let mantissa = p * (r * r) + r + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(MAGIC.to_bits()).wrapping_add(127) << 23;
    if x > -87.0 { mantissa * f32::from_bits(exponent) } else { 0.0 }
}

/// Lanes of the sums and maxima below: enough for one AVX-512 register or four of SSE.
const LANES: usize = 16;

/// Calls `lane(accumulator, value)` for all values of a chunk, each lane taking every 16th.
#[inline(always)]
fn lanes(chunk: &[f32], start: f32, lane: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    let mut accumulators = [start; LANES];
    let (rows, rest) = chunk.as_chunks::<LANES>();
    for row in rows {
        for (accumulator, &x) in accumulators.iter_mut().zip(row) {
            *accumulator = lane(*accumulator, x);
        }
    }
    for (accumulator, &x) in accumulators.iter_mut().zip(rest) {
        *accumulator = lane(*accumulator, x);
    }
    accumulators
}

#[inline(always)]
fn higher(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// Fills `maxima` with the highest logit of each chunk and says whether all logits are finite.
pub(super) fn scan(row: &[f32], maxima: &mut Vec<f32>) -> bool {
    maxima.clear();
    let mut finite = true;
    for chunk in row.chunks(CHUNK) {
        let highest = lanes(chunk, f32::NEG_INFINITY, higher);
        maxima.push(highest.into_iter().fold(f32::NEG_INFINITY, higher));
        // Zero times anything finite is zero; times anything else it is NaN.
        finite &= lanes(chunk, 0.0, |sum, x| sum + x * 0.0).into_iter().sum::<f32>() == 0.0;
    }
    finite
}

/// The position of the highest logit, the first on ties; `maxima` are those of [`scan`].
pub(super) fn argmax(row: &[f32], maxima: &[f32]) -> usize {
    let mut best = 0;
    for (index, &max) in maxima.iter().enumerate() {
        if max > maxima[best] {
            best = index;
        }
    }
    let first = best * CHUNK;
    let chunk = &row[first..row.len().min(first + CHUNK)];
    first + chunk.iter().position(|&x| x == maxima[best]).unwrap_or(0)
}

/// The highest of the maxima.
pub(super) fn highest(maxima: &[f32]) -> f32 {
    lanes(maxima, f32::NEG_INFINITY, higher).into_iter().fold(f32::NEG_INFINITY, higher)
}

/// The sum of a chunk's weights, in lanes of fixed order.
fn chunk_sum(chunk: &[f32]) -> f64 {
    lanes(chunk, 0.0, |sum, x| sum + x).into_iter().map(f64::from).sum()
}

/// Replaces `weights` by `exp((logit - max) / temperature)` and gives their sum.
pub(super) fn weigh(row: &[f32], max: f32, temperature: f32, weights: &mut Vec<f32>) -> f64 {
    weights.clear();
    weights.extend(row.iter().map(|&x| exp((x - max) / temperature)));
    total(weights)
}

/// The sum of all weights: chunk by chunk, as [`draw`] walks.
pub(super) fn total(weights: &[f32]) -> f64 {
    weights.chunks(CHUNK).map(chunk_sum).sum()
}

/// The first index whose cumulative weight exceeds `target`; the last index with weight if rounding denies that.
/// `target` is in `0..total(weights)`.
pub(super) fn draw(weights: &[f32], target: f64) -> usize {
    let mut before = 0.0;
    let mut last = 0;
    let mut hit = false;
    for (index, chunk) in weights.chunks(CHUNK).enumerate() {
        let sum = chunk_sum(chunk);
        if sum > 0.0 {
            last = index;
            hit = before + sum > target;
            if hit {
                break;
            }
        }
        before += sum;
    }
    if !hit {
        before = f64::NEG_INFINITY; // all chunks were passed: the last weight it is
    }
    let first = last * CHUNK;
    let mut chosen = first;
    for (index, &weight) in weights.iter().enumerate().skip(first).take(CHUNK) {
        if weight > 0.0 {
            chosen = index;
            before += f64::from(weight);
            if before > target {
                break;
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::uniform;

    #[test]
    fn exp_is_close_to_the_library() {
        for step in 0..870_000 {
            let x = -(step as f32) / 10_000.0;
            let (ours, theirs) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours / theirs - 1.0).abs() < 3e-7, "exp({x}) = {ours}, not {theirs}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-87.5), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::MIN), 0.0);
    }

    #[test]
    fn scan_finds_every_value_that_is_not_finite() {
        let mut maxima = Vec::new();
        for len in [1, 7, 63, 64, 65, 200] {
            let row: Vec<f32> = (0..len).map(|i| i as f32).collect();
            assert!(scan(&row, &mut maxima));
            assert_eq!(highest(&maxima), (len - 1) as f32);
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for at in 0..len {
                    let mut row = row.clone();
                    row[at] = bad;
                    assert!(!scan(&row, &mut maxima), "{bad} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn argmax_takes_the_lowest_id_on_ties() {
        let mut maxima = Vec::new();
        let mut row = vec![0.0; 300];
        for at in [(70, 299), (0, 1), (63, 64), (128, 130)] {
            row.fill(-1.0);
            (row[at.0], row[at.1]) = (2.5, 2.5);
            scan(&row, &mut maxima);
            assert_eq!(argmax(&row, &maxima), at.0);
        }
        row.fill(-1.0);
        scan(&row, &mut maxima);
        assert_eq!(argmax(&row, &maxima), 0);
    }

    #[test]
    fn draw_agrees_with_a_plain_walk() {
        for case in 0..500u32 {
            let weights: Vec<f32> = (0..1 + case % 200)
                .map(|i| {
                    if (i + case) % 3 == 0 {
                        0.0
                    } else {
                        ((i * 37 + case * 11) % 101) as f32 / 101.0
                    }
                })
                .collect();
            if weights.iter().all(|&w| w == 0.0) {
                continue;
            }
            let target = uniform(2, case, 0) * total(&weights);
            let mut sum = 0.0;
            let plain = weights.iter().position(|&w| {
                sum += f64::from(w);
                sum > target
            });
            assert_eq!(Some(draw(&weights, target)), plain);
        }
    }

    #[test]
    fn draw_never_takes_a_token_without_weight() {
        let weights = [0.0, 0.5, 0.0, 0.5, 0.0];
        assert_eq!(draw(&weights, 0.0), 1);
        assert_eq!(draw(&weights, 0.499), 1);
        assert_eq!(draw(&weights, 0.5), 3);
        assert_eq!(draw(&weights, 1.0), 3);
        assert_eq!(draw(&weights, 9.0), 3);
    }
}
