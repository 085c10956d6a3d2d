//! The paged KV cache.

use engine::{BLOCK_TOKENS, BlockId, ModelError};

use crate::kernels::attention::CacheView;
use crate::memory::Memory;
use crate::simd::LANES;

/// Element type of the KV cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KvType {
    /// Half precision.
    #[default]
    F16,
    /// Single precision: twice the memory.
    F32,
}

impl KvType {
    /// Its name, as in cache keys and fingerprints.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }
}

/// What a block's size depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KvShape {
    pub(crate) kind: KvType,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) head_dim: usize,
}

impl KvShape {
    /// Values are stored in whole vectors.
    fn value_dim(&self) -> usize {
        self.head_dim.next_multiple_of(LANES)
    }

    /// Bytes of the keys of one head in one block.
    fn key_bytes(&self) -> usize {
        self.head_dim * BLOCK_TOKENS * self.kind.bytes()
    }

    /// Bytes of the values of one head in one block.
    fn value_bytes(&self) -> usize {
        self.value_dim() * BLOCK_TOKENS * self.kind.bytes()
    }

    /// Bytes of one block in one layer: for each head its keys, then its values.
    fn block_bytes(&self) -> usize {
        self.heads * (self.key_bytes() + self.value_bytes())
    }

    /// Bytes of one token in all layers.
    pub(crate) fn bytes_per_token(&self) -> usize {
        self.layers * self.block_bytes() / BLOCK_TOKENS
    }
}

/// Keys and values of all layers: `[layer][block][head][keys, values]`.
#[derive(Debug)]
pub(crate) struct KvCache {
    pub(crate) shape: KvShape,
    pub(crate) blocks: usize,
    memory: Memory,
}

impl KvCache {
    /// Address space for `blocks` blocks; memory is taken when a block is first written.
    pub(crate) fn new(shape: KvShape, blocks: usize) -> Result<Self, ModelError> {
        let bytes = shape
            .block_bytes()
            .checked_mul(shape.layers)
            .and_then(|bytes| bytes.checked_mul(blocks));
        let failed = |bytes| ModelError::OutOfMemory { what: "the KV cache", bytes };
        let bytes = bytes.ok_or_else(|| failed(usize::MAX))?;
        let memory = Memory::new(bytes, false).map_err(|_| failed(bytes))?;
        Ok(Self { shape, blocks, memory })
    }

    fn offset(&self, layer: usize, block: usize, head: usize) -> usize {
        let head_bytes = self.shape.key_bytes() + self.shape.value_bytes();
        (layer * self.blocks + block) * self.shape.block_bytes() + head * head_bytes
    }

    /// Where the keys and values of a head in a block start, for writing.
    pub(crate) fn slots(&self, layer: usize, block: BlockId, head: usize) -> (*mut u8, *mut u8) {
        let offset = self.offset(layer, block.0 as usize, head);
        (self.memory.at(offset), self.memory.at(offset + self.shape.key_bytes()))
    }

    /// Elements from position to position of the values.
    pub(crate) fn value_stride(&self) -> usize {
        self.shape.value_dim()
    }

    /// One head of a layer, for reading.
    pub(crate) fn view(&self, layer: usize, head: usize) -> CacheView {
        let (keys, values) = self.slots(layer, BlockId(0), head);
        CacheView {
            keys,
            values,
            block_stride: self.shape.block_bytes(),
            value_stride: self.value_stride(),
            half: self.shape.kind == KvType::F16,
        }
    }

    /// Copies a block in all layers.
    pub(crate) fn copy_block(&mut self, from: BlockId, to: BlockId) {
        let (from, to) = (from.0 as usize, to.0 as usize);
        assert!(from < self.blocks && to < self.blocks, "block outside of the cache");
        if from == to {
            return;
        }
        for layer in 0..self.shape.layers {
            let source = self.memory.at(self.offset(layer, from, 0));
            let target = self.memory.at(self.offset(layer, to, 0));
            // SAFETY: both ranges are whole blocks inside the memory, different ones, and `&mut self` excludes others.
            unsafe { std::ptr::copy_nonoverlapping(source, target, self.shape.block_bytes()) };
        }
    }
}
