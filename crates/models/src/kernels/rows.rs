//! Work on single rows of activations: norms, quantisation, SwiGLU, rotary embedding.
//!
//! No closures around vector operations: a closure does not inherit the instruction set of the function it is in.

use crate::matrix::BLOCK;
use crate::simd::{self, LANES, Simd};

/// Where one quantised row goes. `bytes` holds `blocks * 32` values, the others one per block.
pub(crate) struct QuantRow {
    pub(crate) bytes: *mut i8,
    pub(crate) scales: *mut f32,
    pub(crate) minus_8: *mut i32,
    pub(crate) minus_128: *mut i32,
    pub(crate) blocks: usize,
}

/// Loads `n` floats; the lanes behind them are 0.
#[inline(always)]
unsafe fn load_part<S: Simd>(p: *const f32, n: usize) -> S::F {
    if n == LANES {
        return S::load(p);
    }
    let mut lanes = [0f32; LANES];
    std::ptr::copy_nonoverlapping(p, lanes.as_mut_ptr(), n);
    S::load(lanes.as_ptr())
}

#[inline(always)]
unsafe fn store_part<S: Simd>(p: *mut f32, x: S::F, n: usize) {
    if n == LANES {
        return S::store(p, x);
    }
    let mut lanes = [0f32; LANES];
    S::store(lanes.as_mut_ptr(), x);
    std::ptr::copy_nonoverlapping(lanes.as_ptr(), p, n);
}

/// RMSNorm: `out = x / sqrt(mean(x²) + epsilon) * weight`. `x` may be `out`.
#[inline(always)]
pub(crate) unsafe fn norm<S: Simd>(x: *const f32, weight: &[f32], epsilon: f32, out: *mut f32) {
    let n = weight.len();
    let mut squares = S::splat(0.0);
    for i in (0..n).step_by(LANES) {
        let x = load_part::<S>(x.add(i), LANES.min(n - i));
        squares = S::fma(x, x, squares);
    }
    let mean = simd::reduce_sum::<S>(squares) / n as f32;
    let factor = S::splat(1.0 / (mean + epsilon).sqrt());
    for i in (0..n).step_by(LANES) {
        let width = LANES.min(n - i);
        let scaled = S::mul(load_part::<S>(x.add(i), width), factor);
        let w = load_part::<S>(weight.as_ptr().add(i), width);
        store_part::<S>(out.add(i), S::mul(scaled, w), width);
    }
}

/// Quantises a row to signed bytes, 32 at a time: scale = max |x| / 127, byte = x / scale to the nearest, ties to
/// even.
#[inline(always)]
pub(crate) unsafe fn quantise<S: Simd>(x: *const f32, row: &QuantRow) {
    for block in 0..row.blocks {
        let x = x.add(block * BLOCK);
        let (low, high) = (S::load(x), S::load(x.add(LANES)));
        let largest = simd::reduce_max::<S>(S::max(S::abs(low), S::abs(high)));
        let scale = largest / 127.0;
        let inverse = S::splat(if largest > 0.0 { 127.0 / largest } else { 0.0 });
        let (low, high) = (S::to_i(S::mul(low, inverse)), S::to_i(S::mul(high, inverse)));
        let bytes = row.bytes.add(block * BLOCK);
        S::store_i8(bytes, low);
        S::store_i8(bytes.add(LANES), high);
        let mut lanes = [0i32; LANES];
        S::store_i(lanes.as_mut_ptr(), S::add_i(low, high));
        let sum = lanes.iter().fold(0i32, |sum, x| sum.wrapping_add(*x));
        *row.scales.add(block) = scale;
        *row.minus_8.add(block) = sum.wrapping_mul(-8);
        *row.minus_128.add(block) = sum.wrapping_mul(-128);
    }
}

/// `gate = silu(gate) * up`, silu(x) = x / (1 + e^-x).
#[inline(always)]
pub(crate) unsafe fn silu_mul<S: Simd>(gate: *mut f32, up: *const f32, n: usize) {
    let one = S::splat(1.0);
    for i in (0..n).step_by(LANES) {
        let width = LANES.min(n - i);
        let x = load_part::<S>(gate.add(i), width);
        let negative = S::sub(S::splat(0.0), x);
        let silu = S::div(x, S::add(one, simd::exp::<S>(negative)));
        let y = load_part::<S>(up.add(i), width);
        store_part::<S>(gate.add(i), S::mul(silu, y), width);
    }
}

/// `x += y`.
#[inline(always)]
pub(crate) unsafe fn add<S: Simd>(x: *mut f32, y: *const f32, n: usize) {
    for i in (0..n).step_by(LANES) {
        let width = LANES.min(n - i);
        let sum = S::add(load_part::<S>(x.add(i), width), load_part::<S>(y.add(i), width));
        store_part::<S>(x.add(i), sum, width);
    }
}

/// Rotary embedding of all heads of one row, in place.
pub(crate) struct RopeJob<'a> {
    /// `heads * head_dim` floats.
    pub(crate) x: *mut f32,
    pub(crate) heads: usize,
    pub(crate) head_dim: usize,
    /// Cosine and sine of each pair's angle at the row's position.
    pub(crate) cos: &'a [f32],
    pub(crate) sin: &'a [f32],
    /// Pairs are (0, 1), (2, 3)… if set, else (0, n), (1, n + 1)… with n pairs.
    pub(crate) interleaved: bool,
}

#[inline(always)]
pub(crate) unsafe fn rope(job: &RopeJob<'_>) {
    let pairs = job.cos.len();
    for head in 0..job.heads {
        let x = std::slice::from_raw_parts_mut(job.x.add(head * job.head_dim), 2 * pairs);
        if job.interleaved {
            for ((pair, c), s) in x.chunks_exact_mut(2).zip(job.cos).zip(job.sin) {
                (pair[0], pair[1]) = (pair[0] * c - pair[1] * s, pair[0] * s + pair[1] * c);
            }
        } else {
            let (first, second) = x.split_at_mut(pairs);
            for (((a, b), c), s) in first.iter_mut().zip(second).zip(job.cos).zip(job.sin) {
                (*a, *b) = (*a * c - *b * s, *a * s + *b * c);
            }
        }
    }
}
