//! Activations between the phases of a step. They grow to the largest step and stay.

use crate::arch::Config;
use crate::kernels::{Activations, QuantRow};
use crate::matrix::BLOCK;

/// Bytes between quantised rows beyond their length: rows whose distance is a power of two would share cache sets.
const ROW_GAP: usize = 64;

/// Room for the rows of one step.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    x: Vec<f32>,
    normed: Vec<f32>,
    qkv: [Vec<f32>; 3],
    attended: Vec<f32>,
    gate_up: [Vec<f32>; 2],
    delta: Vec<f32>,
    bytes: Vec<i8>,
    scales: Vec<f32>,
    minus_8: Vec<i32>,
    minus_128: Vec<i32>,
}

/// A pointer that phases of a step share; tasks write disjoint rows or columns through it.
#[derive(Debug)]
pub(crate) struct Shared<T>(pub(crate) *mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Shared<T> {}

// SAFETY: a plain address; every use says why its range is not written by two.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The address of element `index`.
    pub(crate) fn at(self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

/// Addresses of the buffers, valid until the next `reserve`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pointers {
    /// The residual stream: rows × width.
    pub(crate) x: Shared<f32>,
    /// Rows × width.
    pub(crate) normed: Shared<f32>,
    /// Rows × heads × head dimension (for keys and values: KV heads).
    pub(crate) qkv: [Shared<f32>; 3],
    /// Rows × heads × head dimension.
    pub(crate) attended: Shared<f32>,
    /// Rows × hidden.
    pub(crate) gate_up: [Shared<f32>; 2],
    /// What the last product adds to `x`: rows × width.
    pub(crate) delta: Shared<f32>,
    bytes: Shared<i8>,
    scales: Shared<f32>,
    minus_8: Shared<i32>,
    minus_128: Shared<i32>,
}

/// Makes a buffer hold at least `len` elements.
fn grow<T: Clone + Default>(buffer: &mut Vec<T>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
}

impl Buffers {
    /// Makes room for `rows` rows.
    pub(crate) fn reserve(&mut self, config: &Config, rows: usize) {
        let q = config.heads * config.head_dim;
        let kv = config.kv_heads * config.head_dim;
        let widest = config.width.max(config.hidden).max(q);
        let blocks = widest.div_ceil(BLOCK);
        for buffer in [&mut self.x, &mut self.normed, &mut self.delta] {
            grow(buffer, rows * config.width);
        }
        for (buffer, width) in self.qkv.iter_mut().zip([q, kv, kv]) {
            grow(buffer, rows * width);
        }
        grow(&mut self.attended, rows * q);
        for buffer in &mut self.gate_up {
            grow(buffer, rows * config.hidden);
        }
        grow(&mut self.bytes, rows * (widest.next_multiple_of(BLOCK) + ROW_GAP));
        grow(&mut self.scales, rows * blocks);
        grow(&mut self.minus_8, rows * blocks);
        grow(&mut self.minus_128, rows * blocks);
    }

    /// The addresses.
    pub(crate) fn pointers(&mut self) -> Pointers {
        Pointers {
            x: Shared(self.x.as_mut_ptr()),
            normed: Shared(self.normed.as_mut_ptr()),
            qkv: self.qkv.each_mut().map(|b| Shared(b.as_mut_ptr())),
            attended: Shared(self.attended.as_mut_ptr()),
            gate_up: self.gate_up.each_mut().map(|b| Shared(b.as_mut_ptr())),
            delta: Shared(self.delta.as_mut_ptr()),
            bytes: Shared(self.bytes.as_mut_ptr()),
            scales: Shared(self.scales.as_mut_ptr()),
            minus_8: Shared(self.minus_8.as_mut_ptr()),
            minus_128: Shared(self.minus_128.as_mut_ptr()),
        }
    }
}

impl Pointers {
    /// Where row `row` of `inputs` values is quantised to.
    pub(crate) fn quant_row(&self, row: usize, inputs: usize) -> QuantRow {
        let blocks = inputs / BLOCK;
        QuantRow {
            bytes: self.bytes.at(row * (inputs + ROW_GAP)),
            scales: self.scales.at(row * blocks),
            minus_8: self.minus_8.at(row * blocks),
            minus_128: self.minus_128.at(row * blocks),
            blocks,
        }
    }

    /// `values`, rows of `inputs`, and what `quant_row` holds of them.
    pub(crate) fn activations(&self, values: Shared<f32>, inputs: usize) -> Activations {
        Activations {
            values: values.0,
            value_stride: inputs,
            bytes: self.bytes.0,
            byte_stride: inputs + ROW_GAP,
            scales: self.scales.0,
            minus_8: self.minus_8.0,
            minus_128: self.minus_128.0,
            block_stride: inputs / BLOCK,
        }
    }
}
