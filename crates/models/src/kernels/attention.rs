//! Attention over the paged KV cache.
//!
//! In a block, the keys of a head lie as `[dimension][position]` and its values as `[position][dimension]`, so that
//! both passes run over whole vectors: 16 positions at a time for the scores, 16 dimensions at a time for the sum.

use engine::{BLOCK_TOKENS, BlockId};

use crate::simd::{self, LANES, Simd};

/// Positions of a tile of the running softmax. Tiles start at multiples of this, so how a sum is split depends on the
/// positions only.
pub(crate) const TILE_POSITIONS: usize = 256;
/// The widest head.
pub(crate) const MAX_HEAD_DIM: usize = 256;
/// Most queries that share one pass over keys and values.
const MAX_QUERIES: usize = 8;

const _: () = assert!(BLOCK_TOKENS == LANES && TILE_POSITIONS.is_multiple_of(BLOCK_TOKENS));

/// Attention of some rows of one sequence, for the query heads that share one KV head.
pub(crate) struct AttendJob<'a> {
    /// Query of row 0 and of the first query head of the group.
    pub(crate) queries: *const f32,
    /// Floats from row to row, of `queries` and of `out`.
    pub(crate) row_stride: usize,
    /// Output for the same row and head.
    pub(crate) out: *mut f32,
    pub(crate) rows: usize,
    /// Query heads in the group.
    pub(crate) group: usize,
    pub(crate) head_dim: usize,
    /// Position of row 0; row `r` sees positions `0..=position + r`.
    pub(crate) position: usize,
    /// Factor of the scores.
    pub(crate) scale: f32,
    pub(crate) blocks: &'a [BlockId],
    pub(crate) cache: CacheView,
}

/// Where one layer's keys and values of one head lie.
#[derive(Clone, Copy)]
pub(crate) struct CacheView {
    /// Keys of the head in block 0.
    pub(crate) keys: *const u8,
    /// Values of the head in block 0.
    pub(crate) values: *const u8,
    /// Bytes from block to block.
    pub(crate) block_stride: usize,
    /// Elements from position to position of the values.
    pub(crate) value_stride: usize,
    /// Half precision, else single.
    pub(crate) half: bool,
}

/// One row's key and value of one head, to be stored at a position.
pub(crate) struct KvRow {
    pub(crate) key: *const f32,
    pub(crate) value: *const f32,
    pub(crate) head_dim: usize,
    /// Position within its block.
    pub(crate) slot: usize,
    /// The head's keys and values in the block.
    pub(crate) keys_out: *mut u8,
    pub(crate) values_out: *mut u8,
    pub(crate) value_stride: usize,
    pub(crate) half: bool,
}

#[inline(always)]
pub(crate) unsafe fn store_kv<S: Simd>(row: &KvRow) {
    let mut padded = [0f32; MAX_HEAD_DIM];
    let width = row.head_dim;
    let mut bits = [0u16; MAX_HEAD_DIM];
    for (source, is_key) in [(row.key, true), (row.value, false)] {
        std::ptr::copy_nonoverlapping(source, padded.as_mut_ptr(), width);
        if row.half {
            for i in (0..width).step_by(LANES) {
                S::store_f16(bits.as_mut_ptr().add(i), S::load(padded.as_ptr().add(i)));
            }
        }
        let out = if is_key { row.keys_out } else { row.values_out };
        let (start, step) =
            if is_key { (row.slot, LANES) } else { (row.slot * row.value_stride, 1) };
        for i in 0..width {
            let at = start + i * step;
            if row.half {
                *out.cast::<u16>().add(at) = bits[i];
            } else {
                *out.cast::<f32>().add(at) = padded[i];
            }
        }
    }
}

#[inline(always)]
unsafe fn load<S: Simd, const HALF: bool>(p: *const u8, index: usize) -> S::F {
    if HALF { S::load_f16(p.cast::<u16>().add(index)) } else { S::load(p.cast::<f32>().add(index)) }
}

#[inline(always)]
pub(crate) unsafe fn attend<S: Simd>(job: &AttendJob<'_>) {
    let total = job.rows * job.group;
    let most = MAX_QUERIES.min(S::TILE);
    let mut first = 0;
    while first < total {
        let count = most.min(total - first);
        match (count, job.cache.half) {
            (8.., true) => some_queries::<S, 8, true>(job, first),
            (8.., false) => some_queries::<S, 8, false>(job, first),
            (4..8, true) => some_queries::<S, 4, true>(job, first),
            (4..8, false) => some_queries::<S, 4, false>(job, first),
            (2 | 3, true) => some_queries::<S, 2, true>(job, first),
            (2 | 3, false) => some_queries::<S, 2, false>(job, first),
            (_, true) => some_queries::<S, 1, true>(job, first),
            (_, false) => some_queries::<S, 1, false>(job, first),
        }
        first += match count {
            8.. => 8,
            4.. => 4,
            2.. => 2,
            _ => 1,
        };
    }
}

/// The running state of `N` queries.
struct Queries<const N: usize> {
    /// Scaled queries.
    q: [[f32; MAX_HEAD_DIM]; N],
    /// Weighted sums of values.
    sum: [[f32; MAX_HEAD_DIM]; N],
    /// Scores, then weights, of the current tile.
    weights: [[f32; TILE_POSITIONS]; N],
    /// Positions that a query sees.
    limit: [usize; N],
    largest: [f32; N],
    /// Sixteen partial sums of weights.
    total: [[f32; LANES]; N],
}

/// Attention of the queries `first..first + N`, counted row by row and head by head.
#[inline(always)]
unsafe fn some_queries<S: Simd, const N: usize, const HALF: bool>(
    job: &AttendJob<'_>,
    first: usize,
) {
    let offset = |n: usize| {
        let query = first + n;
        query / job.group * job.row_stride + query % job.group * job.head_dim
    };
    let mut state = Queries::<N> {
        q: [[0.0; MAX_HEAD_DIM]; N],
        sum: [[0.0; MAX_HEAD_DIM]; N],
        weights: [[0.0; TILE_POSITIONS]; N],
        limit: [0; N],
        largest: [f32::NEG_INFINITY; N],
        total: [[0.0; LANES]; N],
    };
    let scale = job.scale;
    for n in 0..N {
        let source = job.queries.add(offset(n));
        for i in 0..job.head_dim {
            state.q[n][i] = *source.add(i) * scale;
        }
        state.limit[n] = job.position + (first + n) / job.group + 1;
    }
    let end = state.limit[N - 1];
    for tile in (0..end).step_by(TILE_POSITIONS) {
        let positions = TILE_POSITIONS.min(end - tile);
        let blocks = &job.blocks[tile / BLOCK_TOKENS..(tile + positions).div_ceil(BLOCK_TOKENS)];
        score_tile::<S, N, HALF>(job, blocks, &mut state);
        for n in 0..N {
            let factor = soften::<S, N>(&mut state, n, tile, blocks.len());
            for i in (0..job.head_dim).step_by(LANES) {
                let sum = state.sum[n].as_mut_ptr().add(i);
                S::store(sum, S::mul(S::load(sum), factor));
            }
        }
        add_values::<S, N, HALF>(job, blocks, positions, &mut state);
    }
    for n in 0..N {
        let total = simd::reduce_sum::<S>(S::load(state.total[n].as_ptr()));
        let out = job.out.add(offset(n));
        for i in 0..job.head_dim {
            *out.add(i) = state.sum[n][i] / total;
        }
    }
}

/// How many blocks of positions or vectors of dimensions run side by side for `n` queries: enough sums to hide the
/// latency of an addition, as few as fit into registers. It does not touch the order within a sum.
const fn side_by_side(tile: usize, n: usize) -> usize {
    let width = tile / n;
    if width > 4 { 4 } else { width }
}

/// Scores of a tile: each lane is a position and adds the dimensions one after the other.
#[inline(always)]
unsafe fn score_tile<S: Simd, const N: usize, const HALF: bool>(
    job: &AttendJob<'_>,
    blocks: &[BlockId],
    state: &mut Queries<N>,
) {
    let mut first = 0;
    while first < blocks.len() {
        let left = blocks.len() - first;
        let step = match side_by_side(S::TILE, N) {
            4 if left >= 4 => score_blocks::<S, N, 4, HALF>(job, &blocks[first..], first, state),
            2.. if left >= 2 => score_blocks::<S, N, 2, HALF>(job, &blocks[first..], first, state),
            _ => score_blocks::<S, N, 1, HALF>(job, &blocks[first..], first, state),
        };
        first += step;
    }
}

/// Scores of `B` blocks, the first of which is number `first` of the tile. Gives `B`.
#[inline(always)]
unsafe fn score_blocks<S: Simd, const N: usize, const B: usize, const HALF: bool>(
    job: &AttendJob<'_>,
    blocks: &[BlockId],
    first: usize,
    state: &mut Queries<N>,
) -> usize {
    let mut keys = [job.cache.keys; B];
    for b in 0..B {
        keys[b] = keys[b].add(blocks[b].0 as usize * job.cache.block_stride);
    }
    let mut acc = [[S::splat(0.0); N]; B];
    for d in 0..job.head_dim {
        for b in 0..B {
            let k = load::<S, HALF>(keys[b], d * LANES);
            for n in 0..N {
                acc[b][n] = S::fma(S::splat(*state.q[n].as_ptr().add(d)), k, acc[b][n]);
            }
        }
    }
    for b in 0..B {
        for n in 0..N {
            S::store(state.weights[n].as_mut_ptr().add((first + b) * LANES), acc[b][n]);
        }
    }
    B
}

/// Turns the scores of query `n` into weights relative to the largest score so far, and gives the factor by which what
/// was summed before shrinks. Positions that the query does not see get weight 0.
#[inline(always)]
unsafe fn soften<S: Simd, const N: usize>(
    state: &mut Queries<N>,
    n: usize,
    tile: usize,
    blocks: usize,
) -> S::F {
    let weights = &mut state.weights[n];
    let visible = state.limit[n].saturating_sub(tile).min(blocks * LANES);
    weights[visible..blocks * LANES].fill(f32::NEG_INFINITY);
    let weights = weights.as_mut_ptr();
    let mut largest = S::splat(state.largest[n]);
    for b in 0..blocks {
        largest = S::max(S::load(weights.add(b * LANES)), largest);
    }
    let largest = simd::reduce_max::<S>(largest);
    let factor = simd::exp::<S>(S::splat(state.largest[n] - largest));
    state.largest[n] = largest;
    let mut total = S::mul(S::load(state.total[n].as_ptr()), factor);
    for b in 0..blocks {
        let x = S::sub(S::load(weights.add(b * LANES)), S::splat(largest));
        let weight = simd::exp::<S>(x);
        total = S::add(total, weight);
        S::store(weights.add(b * LANES), weight);
    }
    S::store(state.total[n].as_mut_ptr(), total);
    factor
}

/// Adds the weighted values of a tile: each lane is a dimension and adds the positions one after the other.
#[inline(always)]
unsafe fn add_values<S: Simd, const N: usize, const HALF: bool>(
    job: &AttendJob<'_>,
    blocks: &[BlockId],
    positions: usize,
    state: &mut Queries<N>,
) {
    let vectors = job.head_dim.div_ceil(LANES);
    let mut first = 0;
    while first < vectors {
        let tile = Values { job, blocks, positions, first };
        let left = vectors - first;
        let step = match side_by_side(S::TILE, N) {
            4 if left >= 4 => add_vectors::<S, N, 4, HALF>(tile, state),
            2.. if left >= 2 => add_vectors::<S, N, 2, HALF>(tile, state),
            _ => add_vectors::<S, N, 1, HALF>(tile, state),
        };
        first += step;
    }
}

/// Values of a tile.
struct Values<'a> {
    job: &'a AttendJob<'a>,
    blocks: &'a [BlockId],
    /// Positions of the tile that some query sees.
    positions: usize,
    /// The first vector of dimensions.
    first: usize,
}

/// Adds `V` vectors of dimensions. Gives `V`.
#[inline(always)]
unsafe fn add_vectors<S: Simd, const N: usize, const V: usize, const HALF: bool>(
    tile: Values<'_>,
    state: &mut Queries<N>,
) -> usize {
    let Values { job, blocks, positions, first } = tile;
    let offset = first * LANES;
    let mut acc = [[S::splat(0.0); N]; V];
    for v in 0..V {
        for n in 0..N {
            acc[v][n] = S::load(state.sum[n].as_ptr().add(offset + v * LANES));
        }
    }
    for (b, block) in blocks.iter().enumerate() {
        let values = job.cache.values.add(block.0 as usize * job.cache.block_stride);
        let start = b * LANES;
        for slot in 0..LANES.min(positions - start) {
            for v in 0..V {
                let value =
                    load::<S, HALF>(values, slot * job.cache.value_stride + offset + v * LANES);
                for n in 0..N {
                    let weight = S::splat(*state.weights[n].as_ptr().add(start + slot));
                    acc[v][n] = S::fma(weight, value, acc[v][n]);
                }
            }
        }
    }
    for v in 0..V {
        for n in 0..N {
            S::store(state.sum[n].as_mut_ptr().add(offset + v * LANES), acc[v][n]);
        }
    }
    V
}
