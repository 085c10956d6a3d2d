//! Plain Rust: any processor, and the reference for the others.

use super::{LANES, Simd};
use crate::half;

/// The portable instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

#[inline(always)]
fn map(a: [f32; LANES], b: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

/// The sums over four inputs of unsigned weights times signed activations.
#[inline(always)]
fn dot(acc: [i32; LANES], w: [u8; 64], a: i32) -> [i32; LANES] {
    let a = a.to_le_bytes().map(|b| i32::from(b as i8));
    std::array::from_fn(|lane| {
        let w = &w[4 * lane..4 * lane + 4];
        let sum = (0..4).fold(0i32, |sum, i| sum.wrapping_add(i32::from(w[i]).wrapping_mul(a[i])));
        acc[lane].wrapping_add(sum)
    })
}

impl Simd for Portable {
    type F = [f32; LANES];
    type I = [i32; LANES];
    type Q = [u8; 64];
    const TILE: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::F {
        [x; LANES]
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self::F {
        p.cast::<Self::F>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, x: Self::F) {
        p.cast::<Self::F>().write_unaligned(x);
    }
    #[inline(always)]
    unsafe fn load_f16(p: *const u16) -> Self::F {
        p.cast::<[u16; LANES]>().read_unaligned().map(half::f16_to_f32)
    }
    #[inline(always)]
    unsafe fn store_f16(p: *mut u16, x: Self::F) {
        p.cast::<[u16; LANES]>().write_unaligned(x.map(half::f32_to_f16));
    }
    #[inline(always)]
    unsafe fn load_bf16(p: *const u16) -> Self::F {
        p.cast::<[u16; LANES]>().read_unaligned().map(half::bf16_to_f32)
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        map(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F {
        map(a, b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        map(a, b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F {
        map(a, b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        map(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        map(a, b, |a, b| if a > b { a } else { b })
    }
    /// Fused only where the target has it: in software it would be a function call for each lane.
    #[inline(always)]
    unsafe fn fma(a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
        } else {
            std::array::from_fn(|i| a[i] * b[i] + c[i])
        }
    }
    #[inline(always)]
    unsafe fn abs(x: Self::F) -> Self::F {
        x.map(f32::abs)
    }
    #[inline(always)]
    unsafe fn round(x: Self::F) -> Self::F {
        // Adding and taking away 1.5 × 2^23 rounds to a whole number, ties to even, for |x| < 2^22. Larger values are
        // whole enough for all callers but are kept as they are.
        const MAGIC: f32 = 12_582_912.0;
        x.map(|x| if x.abs() < 4_194_304.0 { (x + MAGIC) - MAGIC } else { x })
    }
    #[inline(always)]
    unsafe fn pow2(n: Self::F) -> Self::F {
        n.map(|n| f32::from_bits(((n as i32).wrapping_add(127) as u32) << 23))
    }
    #[inline(always)]
    unsafe fn zero_below(x: Self::F, limit: Self::F, value: Self::F) -> Self::F {
        std::array::from_fn(|i| if x[i] >= limit[i] { value[i] } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn splat_i(x: i32) -> Self::I {
        [x; LANES]
    }
    #[inline(always)]
    unsafe fn add_i(a: Self::I, b: Self::I) -> Self::I {
        std::array::from_fn(|i| a[i].wrapping_add(b[i]))
    }
    #[inline(always)]
    unsafe fn to_i(x: Self::F) -> Self::I {
        Self::round(x).map(|x| x as i32)
    }
    #[inline(always)]
    unsafe fn to_f(x: Self::I) -> Self::F {
        x.map(|x| x as f32)
    }
    #[inline(always)]
    unsafe fn store_i(p: *mut i32, x: Self::I) {
        p.cast::<Self::I>().write_unaligned(x);
    }
    #[inline(always)]
    unsafe fn store_i8(p: *mut i8, x: Self::I) {
        p.cast::<[i8; LANES]>().write_unaligned(x.map(|x| x.clamp(-128, 127) as i8));
    }
    #[inline(always)]
    unsafe fn load_q(p: *const u8) -> Self::Q {
        p.cast::<Self::Q>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn prefetch(_p: *const u8) {}
    #[inline(always)]
    unsafe fn load_nibbles(p: *const u8) -> [Self::Q; 2] {
        let q = Self::load_q(p);
        [q.map(|b| b & 15), q.map(|b| b >> 4)]
    }
    #[inline(always)]
    unsafe fn start8(minus_128_sums: i32) -> Self::I {
        [minus_128_sums; LANES]
    }
    #[inline(always)]
    unsafe fn dot8(acc: Self::I, w: Self::Q, a: i32) -> Self::I {
        dot(acc, w, a)
    }
    #[inline(always)]
    unsafe fn dot4(acc: Self::I, w: Self::Q, a: i32) -> Self::I {
        dot(acc, w, a)
    }
}
