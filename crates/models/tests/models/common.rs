//! The golden models.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::{BLOCK_TOKENS, BlockId, TokenId};
use models::{CpuModel, Isa, KvType, LoadOptions, Pool, Source, load_model};

/// Tiny random models: each architecture with each tensor type, and special cases.
pub(crate) const GOLDEN: &[&str] = &[
    "llama_f32",
    "llama_f16",
    "llama_bf16",
    "llama_q8_0",
    "llama_q4_0",
    "qwen3_f32",
    "qwen3_f16",
    "qwen3_bf16",
    "qwen3_q8_0",
    "qwen3_q4_0",
    "llama_factors_bias",
    "llama_linear",
    "llama_odd",
];

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(file)
}

/// A golden model and its prompt.
pub(crate) fn golden_model(
    name: &str,
    isa: Isa,
    kv: KvType,
    threads: usize,
) -> (CpuModel, Vec<TokenId>) {
    let mut options = LoadOptions::new(Arc::new(Pool::new(threads)));
    options.isa = Some(isa);
    options.kv = kv;
    let source = Source::open(&path(&format!("{name}.gguf"))).unwrap();
    let loaded = load_model(&source, name.into(), &options).unwrap();
    let tokens = loaded.metadata.i32s("golden.tokens").unwrap();
    (loaded.model, tokens.into_iter().map(|t| t as TokenId).collect())
}

/// llama.cpp's logits of every position.
pub(crate) fn golden_logits(name: &str) -> Vec<f32> {
    let bytes = std::fs::read(path(&format!("{name}.logits"))).unwrap();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Blocks for `tokens` positions, from `first` on.
pub(crate) fn table(first: u32, tokens: usize) -> Vec<BlockId> {
    (0..tokens.div_ceil(BLOCK_TOKENS) as u32).map(|b| BlockId(first + b)).collect()
}

/// The bytes of a golden model's file.
pub(crate) fn golden_bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(&format!("{name}.gguf"))).unwrap()
}
