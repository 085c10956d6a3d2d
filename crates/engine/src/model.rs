//! What the engine needs of a model: rows of tokens in, rows of logits out, over paged KV blocks.

use crate::TokenId;

/// Tokens in one KV block.
pub const BLOCK_TOKENS: usize = 16;

/// The number of a KV block in the model's cache: `0..num_blocks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub u32);

/// Which rows of a chunk need logits. The output layer runs for these rows only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogitsRows {
    /// A prefill chunk that does not end its prompt.
    None,
    /// The row of the chunk's last token.
    Last,
    /// Every row (evaluation, speculation).
    All,
}

/// Consecutive tokens of one sequence, to be computed in one step.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The tokens; at least one.
    pub tokens: &'a [TokenId],
    /// Absolute position of `tokens[0]`; positions before it are in the cache already.
    pub start: usize,
    /// Blocks of the sequence: position `p` lives in `block_table[p / BLOCK_TOKENS]`. Covers
    /// `0..start + tokens.len()`.
    pub block_table: &'a [BlockId],
    /// The rows whose logits are wanted.
    pub logits: LogitsRows,
}

/// What is fixed about a loaded model.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// A name for people.
    pub name: String,
    /// Length of a row of logits.
    pub vocab_size: usize,
    /// The longest sequence, in tokens, prompt and output together.
    pub context_length: usize,
    /// SHA-256 of the model file; part of the root of every prefix-cache key.
    pub digest: [u8; 32],
    /// The KV cache's element type (`f16`, `f32`); part of that root too.
    pub kv_type: &'static str,
    /// Bytes of KV cache for one token, all layers, K and V together.
    pub kv_bytes_per_token: usize,
    /// Instruction set, model file and KV type as one short text: the scope of the determinism law.
    pub fingerprint: String,
}

/// A language model on some device. Implementations: the CPU model in `models`, `FakeModel`.
///
/// The law that every implementation keeps: the logits of a position depend on the tokens `0..=position` only,
/// bit for bit, however they were cut into chunks, batched with others, or spread over threads.
pub trait Model: Send {
    /// Fixed facts.
    fn info(&self) -> &ModelInfo;

    /// Makes room for `num_blocks` KV blocks, dropping what the cache held. Called once, before `forward`.
    ///
    /// # Errors
    /// [`ModelError::OutOfMemory`] if it cannot be had.
    fn reserve_kv(&mut self, num_blocks: usize) -> Result<(), ModelError>;

    /// Copies the whole content of a block (a fork that will write into a shared, half-full block).
    fn copy_block(&mut self, from: BlockId, to: BlockId);

    /// Computes all chunks, writes their K and V, and replaces the content of `logits` by the wanted rows, in the order
    /// of the chunks (shape: rows × `vocab_size`, row-major).
    ///
    /// # Errors
    /// Any [`ModelError`]; the step's sequences then end with an error.
    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError>;
}

/// Why a model could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No memory for what was asked.
    #[error("out of memory: {bytes} bytes for {what}")]
    OutOfMemory {
        /// What the memory was for.
        what: &'static str,
        /// How much.
        bytes: usize,
    },
    /// The weights can no longer be read (a mapped file that shrank).
    #[error("the model file became unreadable")]
    WeightsLost,
    /// A chunk that no model of this shape can compute: a bug of the caller.
    #[error("invalid chunk: {0}")]
    InvalidChunk(&'static str),
    /// A result is not a number: broken weights or a bug.
    #[error("the model computed a value that is not finite")]
    NotFinite,
}
