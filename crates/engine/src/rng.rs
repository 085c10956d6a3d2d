//! Random numbers as a function of (seed, choice, position): Philox4x32-10, a counter-based generator.
//!
//! Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011). There is no state
//! to carry: batches, preemption and forks cannot change what is drawn.

use std::hash::{BuildHasher, RandomState};

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// High and low half of a 32 × 32 bit product.
fn multiply(a: u32, b: u32) -> (u32, u32) {
    let product = u64::from(a) * u64::from(b);
    ((product >> 32) as u32, (product & 0xFFFF_FFFF) as u32)
}

fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let (high0, low0) = multiply(MULTIPLIERS[0], counter[0]);
        let (high1, low1) = multiply(MULTIPLIERS[1], counter[2]);
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0];
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    counter
}

/// The number in `[0, 1)`, with 53 random bits, that decides the token at `position` (0 is the first generated one)
/// of a choice.
pub(crate) fn uniform(seed: u64, choice: u32, position: u64) -> f64 {
    let halves = |x: u64| [(x & 0xFFFF_FFFF) as u32, (x >> 32) as u32];
    let [low, high] = halves(position);
    let words = philox([low, high, choice, 0], halves(seed));
    let bits = (u64::from(words[0]) << 32) | u64::from(words[1]);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// A fresh seed from the operating system's randomness. Below 2^53, so that every JSON reader keeps it exact.
pub(crate) fn fresh_seed() -> u64 {
    RandomState::new().hash_one(0u8) >> 11
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of the authors' Random123 library (`kat_vectors`, philox4x32 with 10 rounds).
    #[test]
    fn philox_gives_the_published_vectors() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn uniform_depends_on_seed_choice_and_position() {
        let base = uniform(7, 0, 0);
        assert_eq!(base.to_bits(), uniform(7, 0, 0).to_bits());
        for other in
            [uniform(8, 0, 0), uniform(7, 1, 0), uniform(7, 0, 1), uniform(7 + (1 << 32), 0, 0)]
        {
            assert_ne!(base.to_bits(), other.to_bits());
        }
    }

    #[test]
    fn uniform_fills_the_unit_interval_evenly() {
        let mut bins = [0u32; 64];
        for position in 0..64_000 {
            let u = uniform(1, 0, position);
            assert!((0.0..1.0).contains(&u));
            let bin = (0..64).rfind(|&bin| f64::from(bin) <= u * 64.0).unwrap();
            bins[usize::try_from(bin).unwrap()] += 1;
        }
        let chi: f64 = bins.iter().map(|&n| (f64::from(n) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 104.0, "chi-square of 63 degrees of freedom: {chi}"); // p = 0.001
    }

    #[test]
    fn fresh_seeds_differ_and_fit_a_json_number() {
        let (a, b) = (fresh_seed(), fresh_seed());
        assert_ne!(a, b);
        assert!(a < 1 << 53 && b < 1 << 53);
    }
}
