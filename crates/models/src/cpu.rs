//! The model on the processor: checks what it is asked, owns weights, cache and buffers.

use std::sync::Arc;

use engine::{BLOCK_TOKENS, BlockId, Chunk, LogitsRows, Model, ModelError, ModelInfo};

use crate::Pool;
use crate::arch::Config;
use crate::buffers::Buffers;
use crate::kernels::Kernels;
use crate::kv::{KvCache, KvShape, KvType};
use crate::rope::RopeTable;
use crate::simd::Isa;
use crate::step::{Row, Step};
use crate::weights::Weights;

/// A model whose weights are in memory and whose arithmetic runs on the processor.
///
/// Keeps the law of [`engine::Model`] bit for bit: see the header of `kernels`.
pub struct CpuModel {
    info: ModelInfo,
    config: Config,
    weights: Weights,
    kernels: &'static Kernels,
    pool: Arc<Pool>,
    rope: RopeTable,
    kv_shape: KvShape,
    kv: Option<KvCache>,
    buffers: Buffers,
    rows: Vec<Row>,
    wanted: Vec<usize>,
}

/// What a model is put together from.
pub(crate) struct Parts {
    pub(crate) name: String,
    pub(crate) digest: [u8; 32],
    pub(crate) config: Config,
    pub(crate) weights: Weights,
    pub(crate) isa: Isa,
    pub(crate) kernels: &'static Kernels,
    pub(crate) kv: KvType,
    pub(crate) pool: Arc<Pool>,
}

impl CpuModel {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { name, digest, config, weights, isa, kernels, kv, pool } = parts;
        let kv_shape = KvShape {
            kind: kv,
            layers: config.layers,
            heads: config.kv_heads,
            head_dim: config.head_dim,
        };
        let short: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let info = ModelInfo {
            name,
            vocab_size: config.vocab,
            context_length: config.context,
            digest,
            kv_type: kv.name(),
            kv_bytes_per_token: kv_shape.bytes_per_token(),
            fingerprint: format!("{}/{short}/{}", isa.name(), kv.name()),
        };
        let rope = RopeTable::new(&config, weights.rope_factors.as_deref());
        let buffers = Buffers::default();
        let (rows, wanted) = (Vec::new(), Vec::new());
        Self {
            info,
            config,
            weights,
            kernels,
            pool,
            rope,
            kv_shape,
            kv: None,
            buffers,
            rows,
            wanted,
        }
    }

    /// Bytes of weights in memory.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        self.weights.memory.len()
    }

    /// Refuses chunks that would read or write outside of the cache or the vocabulary.
    fn check(&self, chunks: &[Chunk<'_>], blocks: usize) -> Result<(), ModelError> {
        for chunk in chunks {
            let end = chunk.start.checked_add(chunk.tokens.len());
            let Some(end) = end.filter(|end| *end <= self.config.context) else {
                return Err(ModelError::InvalidChunk("positions beyond the context"));
            };
            if chunk.tokens.is_empty() {
                return Err(ModelError::InvalidChunk("no tokens"));
            }
            if chunk.tokens.iter().any(|token| *token as usize >= self.config.vocab) {
                return Err(ModelError::InvalidChunk("a token outside of the vocabulary"));
            }
            let table = chunk.block_table.get(..end.div_ceil(BLOCK_TOKENS));
            let Some(table) = table else {
                return Err(ModelError::InvalidChunk("the block table is too short"));
            };
            if table.iter().any(|block| block.0 as usize >= blocks) {
                return Err(ModelError::InvalidChunk("a block outside of the cache"));
            }
        }
        Ok(())
    }

    /// Lists the rows of the step and those whose logits are wanted.
    fn plan(&mut self, chunks: &[Chunk<'_>]) {
        self.rows.clear();
        self.wanted.clear();
        for (number, chunk) in chunks.iter().enumerate() {
            for (i, token) in chunk.tokens.iter().enumerate() {
                let last = i + 1 == chunk.tokens.len();
                if chunk.logits == LogitsRows::All || (last && chunk.logits == LogitsRows::Last) {
                    self.wanted.push(self.rows.len());
                }
                self.rows.push(Row { token: *token, position: chunk.start + i, chunk: number });
            }
        }
    }
}

impl Model for CpuModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn reserve_kv(&mut self, num_blocks: usize) -> Result<(), ModelError> {
        // The old cache goes first: the two need not fit together.
        self.kv = None;
        self.kv = Some(KvCache::new(self.kv_shape, num_blocks)?);
        Ok(())
    }

    fn copy_block(&mut self, from: BlockId, to: BlockId) {
        if let Some(kv) = &mut self.kv {
            kv.copy_block(from, to);
        }
    }

    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        let blocks = self.kv.as_ref().map_or(0, |kv| kv.blocks);
        self.check(chunks, blocks)?;
        self.plan(chunks);
        logits.resize(self.wanted.len() * self.config.vocab, 0.0);
        let Some(kv) = &self.kv else {
            // Without a cache only an empty step passes the check.
            return Ok(());
        };
        let end = self.rows.iter().map(|row| row.position + 1).max().unwrap_or(0);
        self.rope.extend(end);
        self.buffers.reserve(&self.config, self.rows.len());
        let step = Step {
            config: &self.config,
            weights: &self.weights,
            kernels: self.kernels,
            pool: &self.pool,
            rope: &self.rope,
            kv,
            chunks,
            rows: &self.rows,
            buffers: self.buffers.pointers(),
        };
        step.run(&self.wanted, logits);
        Ok(())
    }
}

impl std::fmt::Debug for CpuModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CpuModel")
            .field("info", &self.info)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
