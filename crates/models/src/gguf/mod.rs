//! The GGUF file format, versions 2 and 3, little-endian.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. The reader takes hostile files: every count
//! and length is compared with the bytes that are left before anything is allocated for it.

mod metadata;
mod reader;
#[cfg(test)]
mod tests;

pub use metadata::{Array, Metadata, Value};
pub use reader::read;

/// The content of a GGUF file but for the weights themselves.
#[derive(Debug, Clone)]
pub struct Header {
    /// Keys and values.
    pub metadata: Metadata,
    /// The tensors, in the file's order; names are unique, ranges lie inside the file and do not overlap.
    pub tensors: Vec<Tensor>,
}

/// Where one tensor lies and what it looks like.
#[derive(Debug, Clone)]
pub struct Tensor {
    /// Its name, e.g. `blk.0.attn_q.weight`.
    pub name: String,
    /// Element type.
    pub kind: TensorType,
    /// Extents, fastest first: a matrix is `[inputs, outputs]`. One to four, none of them 0.
    pub shape: Vec<u64>,
    /// Absolute offset in the file, in bytes.
    pub offset: u64,
    /// Length in the file, in bytes.
    pub bytes: u64,
}

impl Tensor {
    /// Length of a row: the fastest extent.
    #[must_use]
    pub fn row_len(&self) -> u64 {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Number of rows: the product of the other extents.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.shape.iter().skip(1).product()
    }
}

/// Element types of tensors that can be read. A file with another one is refused by that type's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TensorType {
    /// 32-bit floats.
    F32,
    /// 16-bit IEEE floats.
    F16,
    /// 16-bit brain floats.
    Bf16,
    /// 32 signed bytes with one f16 scale.
    Q8_0,
    /// 32 nibbles (value + 8) with one f16 scale.
    Q4_0,
}

impl TensorType {
    /// The type with this number in a file.
    fn from_id(id: u32) -> Option<Self> {
        match id {
            0 => Some(Self::F32),
            1 => Some(Self::F16),
            2 => Some(Self::Q4_0),
            8 => Some(Self::Q8_0),
            30 => Some(Self::Bf16),
            _ => None,
        }
    }

    /// Elements in one block.
    #[must_use]
    pub fn block_len(self) -> u64 {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => 1,
            Self::Q8_0 | Self::Q4_0 => 32,
        }
    }

    /// Bytes of one block.
    #[must_use]
    pub fn block_bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Q8_0 => 34,
            Self::Q4_0 => 18,
        }
    }

    /// Name as in the format's documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::Q8_0 => "Q8_0",
            Self::Q4_0 => "Q4_0",
        }
    }
}

/// Names of the other types that ggml numbers, for messages.
fn foreign_type_name(id: u32) -> &'static str {
    const NAMES: &[(u32, &str)] = &[
        (3, "Q4_1"),
        (6, "Q5_0"),
        (7, "Q5_1"),
        (9, "Q8_1"),
        (10, "Q2_K"),
        (11, "Q3_K"),
        (12, "Q4_K"),
        (13, "Q5_K"),
        (14, "Q6_K"),
        (15, "Q8_K"),
        (16, "IQ2_XXS"),
        (17, "IQ2_XS"),
        (18, "IQ3_XXS"),
        (19, "IQ1_S"),
        (20, "IQ4_NL"),
        (21, "IQ3_S"),
        (22, "IQ2_S"),
        (23, "IQ4_XS"),
        (24, "I8"),
        (25, "I16"),
        (26, "I32"),
        (27, "I64"),
        (28, "F64"),
        (29, "IQ1_M"),
        (34, "TQ1_0"),
        (35, "TQ2_0"),
        (39, "MXFP4"),
    ];
    NAMES.iter().find(|(n, _)| *n == id).map_or("unknown", |(_, name)| name)
}
