//! AVX-512: one register holds the 16 lanes.

use std::arch::x86_64::*;

use super::Simd;

/// AVX-512 F, BW, DQ, VL; `VNNI` says whether the dot-product instruction is there too.
#[derive(Clone, Copy)]
pub(crate) struct Avx512<const VNNI: bool>;

/// Sums over four inputs of unsigned weights times signed activations.
#[inline(always)]
unsafe fn dot<const VNNI: bool>(acc: __m512i, w: __m512i, a: i32) -> __m512i {
    let a = _mm512_set1_epi32(a);
    if VNNI {
        return _mm512_dpbusd_epi32(acc, w, a);
    }
    // 16-bit products of even and odd bytes; nothing saturates, so the sums equal those of VNNI.
    let even = _mm512_madd_epi16(
        _mm512_and_si512(w, _mm512_set1_epi16(0x00ff)),
        _mm512_srai_epi16::<8>(_mm512_slli_epi16::<8>(a)),
    );
    let odd = _mm512_madd_epi16(_mm512_srli_epi16::<8>(w), _mm512_srai_epi16::<8>(a));
    _mm512_add_epi32(acc, _mm512_add_epi32(even, odd))
}

impl<const VNNI: bool> Simd for Avx512<VNNI> {
    type F = __m512;
    type I = __m512i;
    type Q = __m512i;
    const TILE: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::F {
        _mm512_set1_ps(x)
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self::F {
        _mm512_loadu_ps(p)
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, x: Self::F) {
        _mm512_storeu_ps(p, x);
    }
    #[inline(always)]
    unsafe fn load_f16(p: *const u16) -> Self::F {
        _mm512_cvtph_ps(_mm256_loadu_si256(p.cast()))
    }
    #[inline(always)]
    unsafe fn store_f16(p: *mut u16, x: Self::F) {
        _mm256_storeu_si256(p.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x));
    }
    #[inline(always)]
    unsafe fn load_bf16(p: *const u16) -> Self::F {
        let wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(p.cast()));
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide))
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        _mm512_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F {
        _mm512_sub_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        _mm512_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F {
        _mm512_div_ps(a, b)
    }
    #[inline(always)]
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        _mm512_min_ps(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        _mm512_max_ps(a, b)
    }
    #[inline(always)]
    unsafe fn fma(a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        _mm512_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn abs(x: Self::F) -> Self::F {
        _mm512_abs_ps(x)
    }
    #[inline(always)]
    unsafe fn round(x: Self::F) -> Self::F {
        _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x)
    }
    #[inline(always)]
    unsafe fn pow2(n: Self::F) -> Self::F {
        let biased = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
        _mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased))
    }
    #[inline(always)]
    unsafe fn zero_below(x: Self::F, limit: Self::F, value: Self::F) -> Self::F {
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, limit), value)
    }
    #[inline(always)]
    unsafe fn splat_i(x: i32) -> Self::I {
        _mm512_set1_epi32(x)
    }
    #[inline(always)]
    unsafe fn add_i(a: Self::I, b: Self::I) -> Self::I {
        _mm512_add_epi32(a, b)
    }
    #[inline(always)]
    unsafe fn to_i(x: Self::F) -> Self::I {
        _mm512_cvtps_epi32(x)
    }
    #[inline(always)]
    unsafe fn to_f(x: Self::I) -> Self::F {
        _mm512_cvtepi32_ps(x)
    }
    #[inline(always)]
    unsafe fn store_i(p: *mut i32, x: Self::I) {
        _mm512_storeu_si512(p.cast(), x);
    }
    #[inline(always)]
    unsafe fn store_i8(p: *mut i8, x: Self::I) {
        _mm_storeu_si128(p.cast(), _mm512_cvtsepi32_epi8(x));
    }
    #[inline(always)]
    unsafe fn load_q(p: *const u8) -> Self::Q {
        _mm512_loadu_si512(p.cast())
    }
    #[inline(always)]
    unsafe fn prefetch(p: *const u8) {
        _mm_prefetch::<_MM_HINT_T0>(p.cast());
    }
    #[inline(always)]
    unsafe fn load_nibbles(p: *const u8) -> [Self::Q; 2] {
        let q = _mm512_loadu_si512(p.cast());
        let mask = _mm512_set1_epi8(15);
        [_mm512_and_si512(q, mask), _mm512_and_si512(_mm512_srli_epi16::<4>(q), mask)]
    }
    #[inline(always)]
    unsafe fn start8(minus_128_sums: i32) -> Self::I {
        _mm512_set1_epi32(minus_128_sums)
    }
    #[inline(always)]
    unsafe fn dot8(acc: Self::I, w: Self::Q, a: i32) -> Self::I {
        dot::<VNNI>(acc, w, a)
    }
    #[inline(always)]
    unsafe fn dot4(acc: Self::I, w: Self::Q, a: i32) -> Self::I {
        dot::<VNNI>(acc, w, a)
    }
}
