//! Rows of activations times a packed matrix.

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::gguf::TensorType;
use crate::matrix::{BLOCK, Matrix};
use crate::simd::{LANES, Simd};

/// Rows that are worked on before the next group: their sums wait in a scratch array between slabs of inputs.
const ROW_BLOCK: usize = 256;
/// Inputs of a slab: 16 outputs × this many bytes of weights stay in the first-level cache while rows pass by.
const SLAB: usize = 1024;

/// How far ahead of their use weights are fetched, in bytes.
const AHEAD: usize = 3072;

/// Where the activations of one job lie. Row `r` starts at `r * stride`. The quantised parts exist if the matrix needs
/// them.
#[derive(Clone, Copy)]
pub(crate) struct Activations {
    pub(crate) values: *const f32,
    /// Floats from row to row.
    pub(crate) value_stride: usize,
    pub(crate) bytes: *const i8,
    /// Bytes from row to row.
    pub(crate) byte_stride: usize,
    /// For each block of a row: scale, -8 × sum of the bytes, -128 × that sum.
    pub(crate) scales: *const f32,
    pub(crate) minus_8: *const i32,
    pub(crate) minus_128: *const i32,
    /// Blocks from row to row.
    pub(crate) block_stride: usize,
}

/// `out[r][o] = sum over i of activations[r][i] * matrix[o][i] + bias[o]` for all rows and the outputs of `groups`.
pub(crate) struct MatmulJob<'a> {
    pub(crate) matrix: &'a Matrix,
    /// Start of the memory that the matrix's offsets refer to.
    pub(crate) base: *const u8,
    pub(crate) groups: Range<usize>,
    pub(crate) activations: Activations,
    pub(crate) rows: usize,
    pub(crate) out: *mut f32,
    /// Floats from row to row of `out`.
    pub(crate) out_stride: usize,
}

/// A tile: some rows, one group, one slab.
#[derive(Clone, Copy)]
struct Tile<'a> {
    job: &'a MatmulJob<'a>,
    group: usize,
    row: usize,
    slab: usize,
    /// The rows' sums so far: 16 floats each.
    sums: *mut f32,
}

#[inline(always)]
pub(crate) unsafe fn matmul<S: Simd>(job: &MatmulJob<'_>) {
    let mut scratch = [MaybeUninit::<f32>::uninit(); ROW_BLOCK * LANES];
    let sums = scratch.as_mut_ptr().cast::<f32>();
    for block in (0..job.rows).step_by(ROW_BLOCK) {
        let rows = ROW_BLOCK.min(job.rows - block);
        for group in job.groups.clone() {
            for slab in (0..job.matrix.inputs).step_by(SLAB) {
                for row in (0..rows).step_by(S::TILE) {
                    let tile =
                        Tile { job, group, row: block + row, slab, sums: sums.add(row * LANES) };
                    multiply::<S>(tile, S::TILE.min(rows - row));
                }
            }
            for row in 0..rows {
                write_out::<S>(job, group, block + row, sums.add(row * LANES));
            }
        }
    }
}

#[inline(always)]
unsafe fn write_out<S: Simd>(job: &MatmulJob<'_>, group: usize, row: usize, sums: *mut f32) {
    let first = group * LANES;
    if let Some(bias) = &job.matrix.bias {
        S::store(sums, S::add(S::load(sums), S::load(bias[first..first + LANES].as_ptr())));
    }
    let out = job.out.add(row * job.out_stride + first);
    let width = LANES.min(job.matrix.outputs - first);
    if width == LANES {
        S::store(out, S::load(sums));
    } else {
        std::ptr::copy_nonoverlapping(sums, out, width);
    }
}

#[inline(always)]
unsafe fn multiply<S: Simd>(tile: Tile<'_>, rows: usize) {
    match rows {
        1 => by_kind::<S, 1>(tile),
        2 => by_kind::<S, 2>(tile),
        3 => by_kind::<S, 3>(tile),
        4 => by_kind::<S, 4>(tile),
        5 => by_kind::<S, 5>(tile),
        6 => by_kind::<S, 6>(tile),
        7 => by_kind::<S, 7>(tile),
        _ => by_kind::<S, 8>(tile),
    }
}

#[inline(always)]
unsafe fn by_kind<S: Simd, const ROWS: usize>(tile: Tile<'_>) {
    // Larger tiles than the instruction set's own never occur and are not compiled.
    if ROWS > S::TILE {
        return;
    }
    match tile.job.matrix.kind {
        TensorType::F32 => floats::<S, ROWS, F32>(tile),
        TensorType::F16 => floats::<S, ROWS, F16>(tile),
        TensorType::Bf16 => floats::<S, ROWS, Bf16>(tile),
        TensorType::Q8_0 => blocks::<S, ROWS, Q8>(tile),
        TensorType::Q4_0 => blocks::<S, ROWS, Q4>(tile),
    }
}

/// How a type of float weights is read.
trait FloatWeights {
    type Element;
    unsafe fn load<S: Simd>(p: *const Self::Element) -> S::F;
}

struct F32;
struct F16;
struct Bf16;

impl FloatWeights for F32 {
    type Element = f32;
    #[inline(always)]
    unsafe fn load<S: Simd>(p: *const f32) -> S::F {
        S::load(p)
    }
}

impl FloatWeights for F16 {
    type Element = u16;
    #[inline(always)]
    unsafe fn load<S: Simd>(p: *const u16) -> S::F {
        S::load_f16(p)
    }
}

impl FloatWeights for Bf16 {
    type Element = u16;
    #[inline(always)]
    unsafe fn load<S: Simd>(p: *const u16) -> S::F {
        S::load_bf16(p)
    }
}

/// Each lane adds its output's products one input after the other.
#[inline(always)]
unsafe fn floats<S: Simd, const ROWS: usize, W: FloatWeights>(tile: Tile<'_>) {
    let Tile { job, group, row, slab, sums } = tile;
    let inputs = SLAB.min(job.matrix.inputs - slab);
    let group_start = job.base.add(job.matrix.data + group * job.matrix.group_bytes());
    let mut weights = group_start.cast::<W::Element>().add(slab * LANES);
    let a = job.activations;
    let rows: [*const f32; ROWS] =
        std::array::from_fn(|r| a.values.add((row + r) * a.value_stride + slab));
    let mut acc: [S::F; ROWS] = start::<S, ROWS>(slab, sums);
    for i in 0..inputs {
        let w = W::load::<S>(weights);
        for r in 0..ROWS {
            acc[r] = S::fma(S::splat(*rows[r].add(i)), w, acc[r]);
        }
        weights = weights.add(LANES);
    }
    for r in 0..ROWS {
        S::store(sums.add(r * LANES), acc[r]);
    }
}

#[inline(always)]
unsafe fn start<S: Simd, const ROWS: usize>(slab: usize, sums: *const f32) -> [S::F; ROWS] {
    let mut acc = [S::splat(0.0); ROWS];
    if slab > 0 {
        for r in 0..ROWS {
            acc[r] = S::load(sums.add(r * LANES));
        }
    }
    acc
}

/// How a type of quantised weights is read and multiplied.
trait BlockWeights {
    /// Bytes of 16 blocks.
    const BYTES: usize;
    unsafe fn start<S: Simd>(a: &Activations, block: usize) -> S::I;
    /// A block has 8 quads of inputs. They are loaded in pairs, four of them; this gives their numbers.
    fn quads(pair: usize) -> [usize; 2];
    /// The weights of the two quads.
    unsafe fn load<S: Simd>(p: *const u8, pair: usize) -> [S::Q; 2];
    unsafe fn dot<S: Simd>(acc: S::I, w: S::Q, a: i32) -> S::I;
}

struct Q8;
struct Q4;

impl BlockWeights for Q8 {
    const BYTES: usize = BLOCK * LANES;
    #[inline(always)]
    unsafe fn start<S: Simd>(a: &Activations, block: usize) -> S::I {
        S::start8(*a.minus_128.add(block))
    }
    #[inline(always)]
    fn quads(pair: usize) -> [usize; 2] {
        [2 * pair, 2 * pair + 1]
    }
    #[inline(always)]
    unsafe fn load<S: Simd>(p: *const u8, pair: usize) -> [S::Q; 2] {
        let p = p.add(128 * pair);
        [S::load_q(p), S::load_q(p.add(64))]
    }
    #[inline(always)]
    unsafe fn dot<S: Simd>(acc: S::I, w: S::Q, a: i32) -> S::I {
        S::dot8(acc, w, a)
    }
}

impl BlockWeights for Q4 {
    const BYTES: usize = BLOCK * LANES / 2;
    #[inline(always)]
    unsafe fn start<S: Simd>(a: &Activations, block: usize) -> S::I {
        S::splat_i(*a.minus_8.add(block))
    }
    #[inline(always)]
    fn quads(pair: usize) -> [usize; 2] {
        [pair, pair + 4]
    }
    #[inline(always)]
    unsafe fn load<S: Simd>(p: *const u8, pair: usize) -> [S::Q; 2] {
        S::load_nibbles(p.add(64 * pair))
    }
    #[inline(always)]
    unsafe fn dot<S: Simd>(acc: S::I, w: S::Q, a: i32) -> S::I {
        S::dot4(acc, w, a)
    }
}

/// Each block's products are summed exactly, in integers; each lane adds its output's scaled blocks one after the
/// other.
#[inline(always)]
unsafe fn blocks<S: Simd, const ROWS: usize, W: BlockWeights>(tile: Tile<'_>) {
    let Tile { job, group, row, slab, sums } = tile;
    let count = SLAB.min(job.matrix.inputs - slab) / BLOCK;
    let first = slab / BLOCK;
    let all = job.matrix.inputs / BLOCK;
    let mut weights = job.base.add(job.matrix.data + (group * all + first) * W::BYTES);
    let scales = job.base.add(job.matrix.scales).cast::<u16>();
    let mut scales = scales.add((group * all + first) * LANES);
    // Weights come from memory while the first rows pass: they are asked for early. Later rows find them in the cache
    // and ask for nothing new.
    let ahead = if row.is_multiple_of(ROW_BLOCK) { AHEAD } else { 0 };
    let a = job.activations;
    let mut bytes: [*const i8; ROWS] =
        std::array::from_fn(|r| a.bytes.add((row + r) * a.byte_stride + slab));
    let mut meta: [usize; ROWS] = std::array::from_fn(|r| (row + r) * a.block_stride + first);
    let mut acc: [S::F; ROWS] = start::<S, ROWS>(slab, sums);
    for _ in 0..count {
        for line in 0..W::BYTES / 64 {
            S::prefetch(weights.wrapping_add(ahead + 64 * line));
        }
        S::prefetch(scales.cast::<u8>().wrapping_add(ahead / W::BYTES * 2 * LANES));
        let scale = S::load_f16(scales);
        let mut dots = [S::splat_i(0); ROWS];
        for r in 0..ROWS {
            dots[r] = W::start::<S>(&a, meta[r]);
        }
        for pair in 0..4 {
            let w = W::load::<S>(weights, pair);
            for (w, quad) in w.into_iter().zip(W::quads(pair)) {
                for r in 0..ROWS {
                    let four = bytes[r].add(4 * quad).cast::<i32>().read_unaligned();
                    dots[r] = W::dot::<S>(dots[r], w, four);
                }
            }
        }
        for r in 0..ROWS {
            let scale = S::mul(scale, S::splat(*a.scales.add(meta[r])));
            acc[r] = S::fma(S::to_f(dots[r]), scale, acc[r]);
            bytes[r] = bytes[r].add(BLOCK);
            meta[r] = meta[r].wrapping_add(1);
        }
        weights = weights.add(W::BYTES);
        scales = scales.add(LANES);
    }
    for r in 0..ROWS {
        S::store(sums.add(r * LANES), acc[r]);
    }
}
