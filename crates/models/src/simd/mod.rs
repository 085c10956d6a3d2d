//! Sixteen lanes of arithmetic, once per instruction set. The kernels are written against [`Simd`] and compiled for
//! each implementation.
//!
//! Integer results are exact and so the same everywhere. Float results differ between instruction sets only where one
//! has a fused multiply-add and the other has not; the determinism law holds per instruction set.
//!
//! # Safety
//! All functions are unsafe for two reasons, which every caller must settle: the processor has the instruction set
//! (checked once, in [`Isa::detect`]), and pointers cover what is read and written: 16 elements, 64 bytes for
//! weights.
#![expect(unsafe_op_in_unsafe_fn, reason = "one contract for all functions, stated in the header")]

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod portable;

/// Lanes of a vector: outputs in a group of a packed matrix, positions in a KV block.
pub(crate) const LANES: usize = 16;

/// An instruction set that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isa {
    /// Plain Rust.
    Portable,
    /// AVX2 with FMA and F16C.
    Avx2,
    /// AVX-512 F, BW, DQ and VL.
    Avx512,
    /// The same with VNNI.
    Avx512Vnni,
}

impl Isa {
    /// Whether this processor has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx2 = || avx2() && is_x86_feature_detected!("f16c");
            let wide =
                || is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
            let wide = || {
                wide()
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            };
            match self {
                Self::Portable => true,
                Self::Avx2 => avx2(),
                Self::Avx512 => avx2() && wide(),
                Self::Avx512Vnni => avx2() && wide() && is_x86_feature_detected!("avx512vnni"),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Self::Portable
        }
    }

    /// All that this processor has, best first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut all = vec![Self::Avx512Vnni, Self::Avx512, Self::Avx2, Self::Portable];
        all.retain(|isa| isa.is_available());
        all
    }

    /// The best that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().first().copied().unwrap_or(Self::Portable)
    }

    /// Its name, as in fingerprints and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Vnni => "avx512-vnni",
        }
    }
}

/// What the kernels need of an instruction set. See the module's header for the safety contract.
pub(crate) trait Simd: Copy + 'static {
    /// 16 floats.
    type F: Copy;
    /// 16 signed 32-bit integers.
    type I: Copy;
    /// 64 bytes of quantised weights: 16 outputs × 4 inputs.
    type Q: Copy;

    /// Rows of activations (or queries) that one pass of a kernel takes; bounded by the number of registers.
    const TILE: usize;

    unsafe fn splat(x: f32) -> Self::F;
    unsafe fn load(p: *const f32) -> Self::F;
    unsafe fn store(p: *mut f32, x: Self::F);
    unsafe fn load_f16(p: *const u16) -> Self::F;
    unsafe fn store_f16(p: *mut u16, x: Self::F);
    unsafe fn load_bf16(p: *const u16) -> Self::F;
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, fused where the instruction set can.
    unsafe fn fma(a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    unsafe fn abs(x: Self::F) -> Self::F;
    /// To the nearest whole number, ties to even.
    unsafe fn round(x: Self::F) -> Self::F;
    /// Two to the power of `n`, a whole number in -126..=127.
    unsafe fn pow2(n: Self::F) -> Self::F;
    /// `value` where `x >= limit`, 0 elsewhere (also where `x` is not a number).
    unsafe fn zero_below(x: Self::F, limit: Self::F, value: Self::F) -> Self::F;

    unsafe fn splat_i(x: i32) -> Self::I;
    unsafe fn add_i(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn to_i(x: Self::F) -> Self::I;
    unsafe fn to_f(x: Self::I) -> Self::F;
    unsafe fn store_i(p: *mut i32, x: Self::I);
    /// Stores 16 values of -128..=127 as bytes.
    unsafe fn store_i8(p: *mut i8, x: Self::I);

    unsafe fn load_q(p: *const u8) -> Self::Q;
    /// Asks for the cache line at `p`; any address is harmless.
    unsafe fn prefetch(p: *const u8);
    /// The low nibbles and the high nibbles of 64 bytes.
    unsafe fn load_nibbles(p: *const u8) -> [Self::Q; 2];
    /// The start of a sum over `dot8`, given -128 × the sum of the activations: weights are stored plus 128.
    unsafe fn start8(minus_128_sums: i32) -> Self::I;
    /// `acc` + the products of 4 weights (stored plus 128) of each output with the 4 signed bytes of `a`.
    unsafe fn dot8(acc: Self::I, w: Self::Q, a: i32) -> Self::I;
    /// `acc` + the products of 4 weights (0..=15) of each output with the 4 signed bytes of `a`.
    unsafe fn dot4(acc: Self::I, w: Self::Q, a: i32) -> Self::I;
}

/// The largest of 16 floats. Exact, so its order is of no importance.
#[inline(always)]
pub(crate) unsafe fn reduce_max<S: Simd>(x: S::F) -> f32 {
    let mut lanes = [0f32; LANES];
    S::store(lanes.as_mut_ptr(), x);
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = if lanes[i + width] > lanes[i] { lanes[i + width] } else { lanes[i] };
        }
        width /= 2;
    }
    lanes[0]
}

/// The sum of 16 floats, as a tree of fixed shape.
#[inline(always)]
pub(crate) unsafe fn reduce_sum<S: Simd>(x: S::F) -> f32 {
    let mut lanes = [0f32; LANES];
    S::store(lanes.as_mut_ptr(), x);
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// `e` to the power of `x` for `x <= 88`; 0 below -87. Relative error below 2e-7. The polynomial is the one of the
/// Cephes library (`expf`).
#[inline(always)]
pub(crate) unsafe fn exp<S: Simd>(x: S::F) -> S::F {
    let low = S::splat(-87.0);
    let clamped = S::min(S::max(x, low), S::splat(88.0));
    let n = S::round(S::mul(clamped, S::splat(std::f32::consts::LOG2_E)));
    let r = S::fma(n, S::splat(-0.693_359_4), clamped);
    let r = S::fma(n, S::splat(2.121_944_4e-4), r);
    let mut p = S::splat(1.987_569_1e-4);
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = S::fma(p, r, S::splat(c));
    }
    let p = S::add(S::fma(p, S::mul(r, r), r), S::splat(1.0));
    S::zero_below(x, low, S::mul(p, S::pow2(n)))
}
