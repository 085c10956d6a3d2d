//! One step: all rows through all layers, phase by phase.

use engine::Chunk;

use crate::Pool;
use crate::arch::Config;
use crate::buffers::{Pointers, Shared};
use crate::kernels::{AttendJob, Kernels, KvRow, MatmulJob, RopeJob};
use crate::kv::KvCache;
use crate::matrix::{self, Matrix};
use crate::rope::RopeTable;
use crate::simd::LANES;
use crate::weights::{Layer, Weights};

/// Bytes of weights × rows below which a phase is not worth waking or waiting for another thread.
const SMALL_PHASE: usize = 256 << 10;
/// The same for a whole step: it then runs on the calling thread, and the pool is left asleep.
const SMALL_STEP: usize = 16 << 20;
/// Elements below which work on rows stays on the calling thread.
const SMALL_ROWS: usize = 16 << 10;
/// Tasks per thread: enough that a thread that lost its core for a moment does not delay the others.
const TASKS_PER_THREAD: usize = 6;
/// Rows of a task of attention.
const ATTENTION_ROWS: usize = 16;

/// One token of the step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) token: u32,
    pub(crate) position: usize,
    /// Index of its chunk.
    pub(crate) chunk: usize,
}

/// Everything that a step works with. Chunks and rows have been checked by the model.
pub(crate) struct Step<'a> {
    pub(crate) config: &'a Config,
    pub(crate) weights: &'a Weights,
    pub(crate) kernels: &'static Kernels,
    pub(crate) pool: &'a Pool,
    pub(crate) rope: &'a RopeTable,
    pub(crate) kv: &'a KvCache,
    pub(crate) chunks: &'a [Chunk<'a>],
    pub(crate) rows: &'a [Row],
    pub(crate) buffers: Pointers,
}

/// Consecutive rows of one chunk.
#[derive(Clone, Copy)]
struct Span {
    /// First row, counted over the step.
    row: usize,
    rows: usize,
    chunk: usize,
}

impl Step<'_> {
    /// Runs the step; `logits` gets a row for each of `wanted`.
    pub(crate) fn run(&self, wanted: &[usize], logits: &mut [f32]) {
        let spans = self.spans();
        let parallel = self.rows.len().saturating_mul(self.weights.memory.len()) >= SMALL_STEP;
        let work = Work { step: self, pool: if parallel { Some(self.pool) } else { None } };
        work.embed();
        for (n, layer) in self.weights.layers.iter().enumerate() {
            work.layer(n, layer, &spans);
        }
        work.output(wanted, logits);
    }

    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut row = 0;
        for (chunk, c) in self.chunks.iter().enumerate() {
            let end = row + c.tokens.len();
            while row < end {
                let rows = ATTENTION_ROWS.min(end - row);
                spans.push(Span { row, rows, chunk });
                row += rows;
            }
        }
        spans
    }
}

/// A step and how its phases are spread.
struct Work<'a> {
    step: &'a Step<'a>,
    /// `None`: everything on this thread.
    pool: Option<&'a Pool>,
}

impl Work<'_> {
    /// Calls `f` with ranges that make up `0..n`.
    fn split(&self, n: usize, parallel: bool, f: &(dyn Fn(std::ops::Range<usize>) + Sync)) {
        let Some(pool) = self.pool.filter(|_| parallel && n > 1) else {
            return f(0..n);
        };
        let tasks = n.min(pool.threads() * TASKS_PER_THREAD);
        pool.run(tasks, &|task| f(n * task / tasks..n * (task + 1) / tasks));
    }

    /// Calls `f` with each of `0..rows`; `elements` is what one row costs.
    fn each_row(&self, rows: usize, elements: usize, f: &(dyn Fn(usize) + Sync)) {
        self.split(rows, rows * elements >= SMALL_ROWS, &|range| range.for_each(f));
    }

    fn embed(&self) {
        let Step { config, weights, rows, buffers, .. } = self.step;
        let matrix = &weights.embedding;
        let width = config.width;
        self.each_row(rows.len(), width, &|r| {
            let token = rows[r].token as usize;
            let (group, lane) = (token / LANES, token % LANES);
            let data = weights.memory.at(matrix.data + group * matrix.group_bytes());
            let scales = weights.memory.at(matrix.scales + 2 * group * matrix.group_scales());
            // SAFETY: the group lies inside the matrix because the token is below the vocabulary's size; nobody writes
            // weights after loading. Each task writes its own row of `x`.
            let (data, scales, x) = unsafe {
                (
                    std::slice::from_raw_parts(data, matrix.group_bytes()),
                    std::slice::from_raw_parts(scales.cast::<u16>(), matrix.group_scales()),
                    std::slice::from_raw_parts_mut(buffers.x.at(r * width), width),
                )
            };
            matrix::unpack_row(matrix.kind, data, scales, lane, x);
        });
    }

    fn layer(&self, n: usize, layer: &Layer, spans: &[Span]) {
        let Step { config, kernels, rows, buffers, .. } = self.step;
        let rows = rows.len();
        let hidden = config.hidden;
        self.norm_rows(None, n > 0, &layer.attention_norm, quantised(&layer.qkv));
        self.multiply(&layer.qkv, &buffers.qkv, buffers.normed, rows);
        self.each_row(rows, 4 * config.heads * config.head_dim, &|r| {
            self.rotate_and_store(n, layer, r)
        });
        self.attend(n, spans);
        let inputs = config.heads * config.head_dim;
        let output = std::slice::from_ref(&layer.attention_output);
        self.quantise_rows(rows, buffers.attended, inputs, quantised(output));
        self.multiply(output, &[buffers.delta], buffers.attended, rows);
        self.norm_rows(None, true, &layer.ffn_norm, quantised(&layer.gate_up));
        self.multiply(&layer.gate_up, &buffers.gate_up, buffers.normed, rows);
        let down = std::slice::from_ref(&layer.down);
        let quantise = quantised(down);
        self.each_row(rows, 4 * hidden, &|r| {
            let [gate, up] = buffers.gate_up.map(|buffer| buffer.at(r * hidden));
            // SAFETY: row `r` of both buffers has `hidden` floats; each task has its own row.
            unsafe {
                (kernels.silu_mul)(gate, up, hidden);
                if quantise {
                    (kernels.quantise)(gate, &buffers.quant_row(r, hidden));
                }
            }
        });
        self.multiply(down, &[buffers.delta], buffers.gate_up[0], rows);
    }

    /// Norms rows of `x`, after adding `delta` if `residual`, into `normed`, and quantises them if asked. All rows, or
    /// only those in `only`, which then lie one after the other in `normed`.
    fn norm_rows(&self, only: Option<&[usize]>, residual: bool, weight: &[f32], quantise: bool) {
        let Step { config, kernels, rows, buffers, .. } = self.step;
        let width = config.width;
        let count = only.map_or(rows.len(), <[usize]>::len);
        self.each_row(count, 4 * width, &|i| {
            let row = only.map_or(i, |only| only[i]);
            let (x, normed) = (buffers.x.at(row * width), buffers.normed.at(i * width));
            // SAFETY: rows of `width` floats; each task has its own, as no row is listed twice.
            unsafe {
                if residual {
                    (kernels.add)(x, buffers.delta.at(row * width), width);
                }
                (kernels.norm)(x, weight, config.epsilon, normed);
                if quantise {
                    (kernels.quantise)(normed, &buffers.quant_row(i, width));
                }
            }
        });
    }

    fn quantise_rows(&self, rows: usize, values: Shared<f32>, inputs: usize, quantise: bool) {
        let Step { kernels, buffers, .. } = self.step;
        if quantise {
            self.each_row(rows, inputs, &|r| {
                // SAFETY: row `r` has `inputs` floats, a multiple of 32 for quantised weights; each task has its own.
                unsafe { (kernels.quantise)(values.at(r * inputs), &buffers.quant_row(r, inputs)) };
            });
        }
    }

    /// Multiplies the rows of `values` by matrices of equal width into `outs`, all in one phase.
    fn multiply(
        &self,
        matrices: &[Matrix],
        outs: &[Shared<f32>],
        values: Shared<f32>,
        rows: usize,
    ) {
        let Step { weights, kernels, buffers, .. } = self.step;
        let Some(first) = matrices.first() else { return };
        let inputs = first.inputs;
        let groups: usize = matrices.iter().map(Matrix::groups).sum();
        let bytes: usize = matrices.iter().map(Matrix::bytes).sum();
        self.split(groups, bytes.saturating_mul(rows) >= SMALL_PHASE, &|range| {
            let mut start = 0;
            for (matrix, out) in matrices.iter().zip(outs) {
                let end = start + matrix.groups();
                let groups =
                    range.start.clamp(start, end) - start..range.end.clamp(start, end) - start;
                start = end;
                let job = MatmulJob {
                    matrix,
                    base: weights.memory.at(0),
                    groups,
                    activations: buffers.activations(values, inputs),
                    rows,
                    out: out.0,
                    out_stride: matrix.outputs,
                };
                // SAFETY: the matrix lies in the weights' memory; `rows` rows of activations were written by the phase
                // before; each task writes the outputs of its own groups.
                unsafe { (kernels.matmul)(&job) };
            }
        });
    }

    /// Norm and rotation of the row's queries and keys; its keys and values go to the cache.
    fn rotate_and_store(&self, n: usize, layer: &Layer, r: usize) {
        let Step { config, kernels, rope, kv, chunks, rows, buffers, .. } = self.step;
        let Config { heads, kv_heads, head_dim, epsilon, .. } = **config;
        let row = rows[r];
        let block = chunks[row.chunk].block_table[row.position / engine::BLOCK_TOKENS];
        let (cos, sin) = rope.at(row.position);
        let interleaved = config.architecture.interleaved;
        let [q, k, v] = buffers.qkv;
        let (q, k, v) = (
            q.at(r * heads * head_dim),
            k.at(r * kv_heads * head_dim),
            v.at(r * kv_heads * head_dim),
        );
        for (x, heads, side) in [(q, heads, 0), (k, kv_heads, 1)] {
            // SAFETY: row `r` has `heads * head_dim` floats and is this task's alone; the rotating dimensions are at
            // most `head_dim`.
            unsafe {
                if let Some(weights) = &layer.qk_norm {
                    for head in 0..heads {
                        let x = x.add(head * head_dim);
                        (kernels.norm)(x, &weights[side], epsilon, x);
                    }
                }
                (kernels.rope)(&RopeJob { x, heads, head_dim, cos, sin, interleaved });
            }
        }
        for head in 0..kv_heads {
            let (keys_out, values_out) = kv.slots(n, block, head);
            let job = KvRow {
                key: k.wrapping_add(head * head_dim),
                value: v.wrapping_add(head * head_dim),
                head_dim,
                slot: row.position % engine::BLOCK_TOKENS,
                keys_out,
                values_out,
                value_stride: kv.value_stride(),
                half: kv.shape.kind == crate::KvType::F16,
            };
            // SAFETY: the block was checked to be in the cache, and no other row of a step has the same block and slot:
            // the engine gives a position that is being written to one sequence.
            unsafe { (kernels.store_kv)(&job) };
        }
    }

    fn attend(&self, n: usize, spans: &[Span]) {
        let Step { config, kernels, kv, chunks, rows, buffers, .. } = self.step;
        let Config { heads, kv_heads, head_dim, .. } = **config;
        let stride = heads * head_dim;
        let group = config.group();
        let cost: usize = spans.iter().map(|s| s.rows * rows[s.row].position.max(1)).sum();
        let parallel = cost.saturating_mul(stride) >= SMALL_PHASE;
        let task = |item: usize| {
            let (span, head) = (spans[item / kv_heads], item % kv_heads);
            let offset = span.row * stride + head * group * head_dim;
            let job = AttendJob {
                queries: buffers.qkv[0].at(offset),
                row_stride: stride,
                out: buffers.attended.at(offset),
                rows: span.rows,
                group,
                head_dim,
                position: rows[span.row].position,
                scale: 1.0 / (head_dim as f32).sqrt(),
                blocks: chunks[span.chunk].block_table,
                cache: kv.view(n, head),
            };
            // SAFETY: the table covers the chunk's positions and all its blocks are in the cache; queries were written
            // by the phase before; each task writes its own rows and heads.
            unsafe { (kernels.attend)(&job) };
        };
        let items = spans.len() * kv_heads;
        match self.pool.filter(|_| parallel) {
            Some(pool) => pool.run(items, &task),
            None => (0..items).for_each(task),
        }
    }

    fn output(&self, wanted: &[usize], logits: &mut [f32]) {
        let Step { weights, .. } = self.step;
        let output = std::slice::from_ref(weights.output());
        self.norm_rows(Some(wanted), true, &weights.output_norm, quantised(output));
        self.multiply(
            output,
            &[Shared(logits.as_mut_ptr())],
            self.step.buffers.normed,
            wanted.len(),
        );
    }
}

/// Whether one of the matrices needs quantised activations.
fn quantised(matrices: &[Matrix]) -> bool {
    matrices.iter().any(Matrix::is_quantised)
}
