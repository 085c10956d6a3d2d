//! Weight matrices in the layout that the kernels read.
//!
//! 16 outputs form a group; a group's weights lie together, so that one pass over them yields 16 outputs of any number
//! of rows. Within a group:
//! - F32, F16, BF16: for each input the weights of the 16 outputs;
//! - Q8_0: for each block of 32 inputs 8 × 64 bytes; each 64 bytes hold, for each output, the weights of 4 inputs, as
//!   unsigned bytes (value + 128), which is what dot-product instructions take;
//! - Q4_0: for each block 4 × 64 bytes; the low nibbles are inputs 0..16, the high nibbles inputs 16..32 of the block,
//!   4 at a time, as above (value + 8).
//!
//! The scales of Q8_0 and Q4_0 lie in an array of their own: for each group and block 16 half-precision floats.
//! Outputs that fill up the last group are zeros.

use crate::gguf::TensorType;
use crate::half;
use crate::simd::LANES;

/// Inputs that share a scale, in weights and in quantised activations.
pub(crate) const BLOCK: usize = 32;
/// Alignment of each part.
const ALIGN: usize = 64;

/// A matrix's place in the weights' memory.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) kind: TensorType,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Offset of the weights, in bytes.
    pub(crate) data: usize,
    /// Offset of the scales, in bytes; only for Q8_0 and Q4_0.
    pub(crate) scales: usize,
    /// Added to the outputs; padded with zeros to whole groups.
    pub(crate) bias: Option<Vec<f32>>,
}

impl Matrix {
    /// A matrix that starts at `offset` (rounded up), and the offset behind it. `None` if a size overflows.
    pub(crate) fn place(
        kind: TensorType,
        inputs: usize,
        outputs: usize,
        offset: usize,
    ) -> Option<(Self, usize)> {
        let data = offset.checked_next_multiple_of(ALIGN)?;
        let mut matrix = Self { kind, inputs, outputs, data, scales: 0, bias: None };
        let bytes = matrix.group_bytes().checked_mul(matrix.groups())?;
        matrix.scales = data.checked_add(bytes)?.checked_next_multiple_of(ALIGN)?;
        let scales = matrix.group_scales().checked_mul(matrix.groups())?.checked_mul(2)?;
        let end = matrix.scales.checked_add(scales)?;
        Some((matrix, end))
    }

    /// Groups of 16 outputs.
    pub(crate) fn groups(&self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    /// Bytes of weights in a group.
    pub(crate) fn group_bytes(&self) -> usize {
        match self.kind {
            TensorType::F32 => self.inputs * LANES * 4,
            TensorType::F16 | TensorType::Bf16 => self.inputs * LANES * 2,
            TensorType::Q8_0 => self.inputs * LANES,
            TensorType::Q4_0 => self.inputs * LANES / 2,
        }
    }

    /// Scales in a group.
    pub(crate) fn group_scales(&self) -> usize {
        if self.is_quantised() { self.inputs / BLOCK * LANES } else { 0 }
    }

    /// Whether the activations have to be quantised for it.
    pub(crate) fn is_quantised(&self) -> bool {
        matches!(self.kind, TensorType::Q8_0 | TensorType::Q4_0)
    }

    /// Bytes that a pass over the whole matrix reads.
    pub(crate) fn bytes(&self) -> usize {
        (self.group_bytes() + 2 * self.group_scales()) * self.groups()
    }
}

/// Bytes of one row in a file.
pub(crate) fn row_bytes(kind: TensorType, inputs: usize) -> usize {
    inputs / kind.block_len() as usize * kind.block_bytes() as usize
}

/// Packs one group. `rows` holds up to 16 rows as they lie in the file, one after the other; `data` and `scales` are
/// the group's parts of the packed matrix, zeroed.
pub(crate) fn pack_group(
    kind: TensorType,
    inputs: usize,
    rows: &[u8],
    data: &mut [u8],
    scales: &mut [u16],
) {
    let stride = row_bytes(kind, inputs);
    for (lane, row) in rows.chunks_exact(stride).enumerate() {
        match kind {
            TensorType::F32 => pack_plain::<4>(row, lane, data),
            TensorType::F16 | TensorType::Bf16 => pack_plain::<2>(row, lane, data),
            TensorType::Q8_0 => pack_blocks::<34, 8>(row, lane, data, scales, 0x80),
            TensorType::Q4_0 => pack_blocks::<18, 4>(row, lane, data, scales, 0),
        }
    }
}

fn pack_plain<const BYTES: usize>(row: &[u8], lane: usize, data: &mut [u8]) {
    for (element, slot) in row.chunks_exact(BYTES).zip(data.chunks_exact_mut(BYTES * LANES)) {
        slot[lane * BYTES..][..BYTES].copy_from_slice(element);
    }
}

/// Blocks of a scale and `QUADS` times four bytes. `flip` turns signed bytes into value + 128.
fn pack_blocks<const BYTES: usize, const QUADS: usize>(
    row: &[u8],
    lane: usize,
    data: &mut [u8],
    scales: &mut [u16],
    flip: u8,
) {
    let parts = data.chunks_exact_mut(QUADS * 4 * LANES).zip(scales.chunks_exact_mut(LANES));
    for (block, (data, scales)) in row.chunks_exact(BYTES).zip(parts) {
        scales[lane] = u16::from_le_bytes([block[0], block[1]]);
        for (quad, slot) in block[2..].chunks_exact(4).zip(data.chunks_exact_mut(4 * LANES)) {
            for (byte, out) in quad.iter().zip(&mut slot[4 * lane..4 * lane + 4]) {
                *out = byte ^ flip;
            }
        }
    }
}

/// Reads output `lane` of a packed group back as floats (an embedding's row).
pub(crate) fn unpack_row(
    kind: TensorType,
    data: &[u8],
    scales: &[u16],
    lane: usize,
    out: &mut [f32],
) {
    let half = |element: &[u8]| u16::from_le_bytes([element[2 * lane], element[2 * lane + 1]]);
    match kind {
        TensorType::F32 => {
            for (x, slot) in out.iter_mut().zip(data.chunks_exact(4 * LANES)) {
                let b = &slot[4 * lane..];
                *x = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            }
        }
        TensorType::F16 => {
            for (x, slot) in out.iter_mut().zip(data.chunks_exact(2 * LANES)) {
                *x = half::f16_to_f32(half(slot));
            }
        }
        TensorType::Bf16 => {
            for (x, slot) in out.iter_mut().zip(data.chunks_exact(2 * LANES)) {
                *x = half::bf16_to_f32(half(slot));
            }
        }
        TensorType::Q8_0 => {
            let blocks = data.chunks_exact(BLOCK * LANES).zip(scales.chunks_exact(LANES));
            for (out, (data, scales)) in out.chunks_exact_mut(BLOCK).zip(blocks) {
                let scale = half::f16_to_f32(scales[lane]);
                for (i, x) in out.iter_mut().enumerate() {
                    let byte = data[i / 4 * 64 + lane * 4 + i % 4];
                    *x = f32::from((byte ^ 0x80) as i8) * scale;
                }
            }
        }
        TensorType::Q4_0 => {
            let blocks = data.chunks_exact(BLOCK * LANES / 2).zip(scales.chunks_exact(LANES));
            for (out, (data, scales)) in out.chunks_exact_mut(BLOCK).zip(blocks) {
                let scale = half::f16_to_f32(scales[lane]);
                for (i, x) in out.iter_mut().enumerate() {
                    let byte = data[i % 16 / 4 * 64 + lane * 4 + i % 4];
                    let nibble = if i < 16 { byte & 15 } else { byte >> 4 };
                    *x = (f32::from(nibble) - 8.0) * scale;
                }
            }
        }
    }
}

/// Reads a row of a file as floats.
pub(crate) fn decode_row(kind: TensorType, row: &[u8], out: &mut [f32]) {
    let inputs = out.len();
    let mut data = vec![0; LANES * row_bytes(kind, inputs)];
    let mut scales = vec![0; inputs.div_ceil(BLOCK) * LANES];
    pack_group(kind, inputs, row, &mut data, &mut scales);
    unpack_row(kind, &data, &scales, 0, out);
}
