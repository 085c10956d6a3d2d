//! TOKENS IN, TOKENS OUT: sequences, KV blocks, prefix cache, scheduler, step, sampler, handle.
//!
//! Synchronous; one thread per model. It must never know text, HTTP, JSON, Bedrock shapes, money or an async
//! runtime, and its step reads no clock.

mod model;
mod request;
mod tokenizer;

pub use model::{BLOCK_TOKENS, BlockId, Chunk, LogitsRows, Model, ModelError, ModelInfo};
pub use request::{
    Class, Constraint, EngineError, Event, FinishReason, Request, SamplingParams, Sink, SinkError, TokenLogprob,
};
pub use tokenizer::Tokenizer;

/// The number of a token in a model's vocabulary.
pub type TokenId = u32;
