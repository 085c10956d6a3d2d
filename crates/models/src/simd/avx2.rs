//! AVX2 with FMA and F16C: two registers hold the 16 lanes.

use std::arch::x86_64::*;

use super::Simd;

/// AVX2, FMA and F16C.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// Lanes 0..8 and 8..16.
#[derive(Clone, Copy)]
pub(crate) struct Pair<T>(T, T);

/// Adds pairs of 16-bit products, and those pairs, to 32-bit sums.
#[inline(always)]
unsafe fn widen(acc: __m256i, products: __m256i) -> __m256i {
    _mm256_add_epi32(acc, _mm256_madd_epi16(products, _mm256_set1_epi16(1)))
}

/// Adds products of weights (stored plus 128) with activations, as |w| × (a with the sign of w): a sum of two products
/// stays within 2 × 128 × 127, below saturation.
#[inline(always)]
unsafe fn signed(acc: __m256i, w: __m256i, a: __m256i) -> __m256i {
    let w = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
    widen(acc, _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(a, w)))
}

/// Two to the power of whole numbers.
#[inline(always)]
unsafe fn power(n: __m256) -> __m256 {
    let biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
}

impl Simd for Avx2 {
    type F = Pair<__m256>;
    type I = Pair<__m256i>;
    type Q = Pair<__m256i>;
    const TILE: usize = 2;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::F {
        Pair(_mm256_set1_ps(x), _mm256_set1_ps(x))
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self::F {
        Pair(_mm256_loadu_ps(p), _mm256_loadu_ps(p.add(8)))
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, x: Self::F) {
        _mm256_storeu_ps(p, x.0);
        _mm256_storeu_ps(p.add(8), x.1);
    }
    #[inline(always)]
    unsafe fn load_f16(p: *const u16) -> Self::F {
        Pair(
            _mm256_cvtph_ps(_mm_loadu_si128(p.cast())),
            _mm256_cvtph_ps(_mm_loadu_si128(p.add(8).cast())),
        )
    }
    #[inline(always)]
    unsafe fn store_f16(p: *mut u16, x: Self::F) {
        _mm_storeu_si128(p.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x.0));
        _mm_storeu_si128(p.add(8).cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x.1));
    }
    #[inline(always)]
    unsafe fn load_bf16(p: *const u16) -> Self::F {
        let low = _mm256_cvtepu16_epi32(_mm_loadu_si128(p.cast()));
        let high = _mm256_cvtepu16_epi32(_mm_loadu_si128(p.add(8).cast()));
        Pair(
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(low)),
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(high)),
        )
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        Pair(_mm256_add_ps(a.0, b.0), _mm256_add_ps(a.1, b.1))
    }
    #[inline(always)]
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F {
        Pair(_mm256_sub_ps(a.0, b.0), _mm256_sub_ps(a.1, b.1))
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        Pair(_mm256_mul_ps(a.0, b.0), _mm256_mul_ps(a.1, b.1))
    }
    #[inline(always)]
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F {
        Pair(_mm256_div_ps(a.0, b.0), _mm256_div_ps(a.1, b.1))
    }
    #[inline(always)]
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        Pair(_mm256_min_ps(a.0, b.0), _mm256_min_ps(a.1, b.1))
    }
    #[inline(always)]
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        Pair(_mm256_max_ps(a.0, b.0), _mm256_max_ps(a.1, b.1))
    }
    #[inline(always)]
    unsafe fn fma(a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        Pair(_mm256_fmadd_ps(a.0, b.0, c.0), _mm256_fmadd_ps(a.1, b.1, c.1))
    }
    #[inline(always)]
    unsafe fn abs(x: Self::F) -> Self::F {
        let sign = _mm256_set1_ps(-0.0);
        Pair(_mm256_andnot_ps(sign, x.0), _mm256_andnot_ps(sign, x.1))
    }
    #[inline(always)]
    unsafe fn round(x: Self::F) -> Self::F {
        const MODE: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        Pair(_mm256_round_ps::<MODE>(x.0), _mm256_round_ps::<MODE>(x.1))
    }
    #[inline(always)]
    unsafe fn pow2(n: Self::F) -> Self::F {
        Pair(power(n.0), power(n.1))
    }
    #[inline(always)]
    unsafe fn zero_below(x: Self::F, limit: Self::F, value: Self::F) -> Self::F {
        let low = _mm256_cmp_ps::<_CMP_GE_OQ>(x.0, limit.0);
        let high = _mm256_cmp_ps::<_CMP_GE_OQ>(x.1, limit.1);
        Pair(_mm256_and_ps(low, value.0), _mm256_and_ps(high, value.1))
    }
    #[inline(always)]
    unsafe fn splat_i(x: i32) -> Self::I {
        Pair(_mm256_set1_epi32(x), _mm256_set1_epi32(x))
    }
    #[inline(always)]
    unsafe fn add_i(a: Self::I, b: Self::I) -> Self::I {
        Pair(_mm256_add_epi32(a.0, b.0), _mm256_add_epi32(a.1, b.1))
    }
    #[inline(always)]
    unsafe fn to_i(x: Self::F) -> Self::I {
        Pair(_mm256_cvtps_epi32(x.0), _mm256_cvtps_epi32(x.1))
    }
    #[inline(always)]
    unsafe fn to_f(x: Self::I) -> Self::F {
        Pair(_mm256_cvtepi32_ps(x.0), _mm256_cvtepi32_ps(x.1))
    }
    #[inline(always)]
    unsafe fn store_i(p: *mut i32, x: Self::I) {
        _mm256_storeu_si256(p.cast(), x.0);
        _mm256_storeu_si256(p.add(8).cast(), x.1);
    }
    #[inline(always)]
    unsafe fn store_i8(p: *mut i8, x: Self::I) {
        // Packing works within halves of a register: words come out as lanes 0-3, 8-11, 4-7, 12-15.
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(x.0, x.1));
        let bytes =
            _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
        _mm_storeu_si128(p.cast(), bytes);
    }
    #[inline(always)]
    unsafe fn load_q(p: *const u8) -> Self::Q {
        Pair(_mm256_loadu_si256(p.cast()), _mm256_loadu_si256(p.add(32).cast()))
    }
    #[inline(always)]
    unsafe fn prefetch(p: *const u8) {
        _mm_prefetch::<_MM_HINT_T0>(p.cast());
    }
    #[inline(always)]
    unsafe fn load_nibbles(p: *const u8) -> [Self::Q; 2] {
        let q = Self::load_q(p);
        let mask = _mm256_set1_epi8(15);
        let high = Pair(_mm256_srli_epi16::<4>(q.0), _mm256_srli_epi16::<4>(q.1));
        [
            Pair(_mm256_and_si256(q.0, mask), _mm256_and_si256(q.1, mask)),
            Pair(_mm256_and_si256(high.0, mask), _mm256_and_si256(high.1, mask)),
        ]
    }
    /// `dot8` below works with signed weights, so there is nothing to make up for.
    #[inline(always)]
    unsafe fn start8(_minus_128_sums: i32) -> Self::I {
        Self::splat_i(0)
    }
    #[inline(always)]
    unsafe fn dot8(acc: Self::I, w: Self::Q, a: i32) -> Self::I {
        let a = _mm256_set1_epi32(a);
        Pair(signed(acc.0, w.0, a), signed(acc.1, w.1, a))
    }
    /// A sum of two products is at most 2 × 15 × 127.
    #[inline(always)]
    unsafe fn dot4(acc: Self::I, w: Self::Q, a: i32) -> Self::I {
        let a = _mm256_set1_epi32(a);
        Pair(widen(acc.0, _mm256_maddubs_epi16(w.0, a)), widen(acc.1, _mm256_maddubs_epi16(w.1, a)))
    }
}
