//! TOKENS IN, TOKENS OUT: sequences, KV blocks, prefix cache, scheduler, step, sampler, handle.
//!
//! Synchronous; one thread per model. It must never know text, HTTP, JSON, Bedrock shapes, money or an async
//! runtime, and its step reads no clock.

mod admit;
mod block_manager;
mod config;
mod core;
mod cost;
mod counters;
mod explain;
mod fake;
mod group;
mod handle;
mod kv;
#[cfg(test)]
mod laws;
mod lru;
mod model;
mod output;
mod prefix_cache;
mod request;
mod rng;
mod sampler;
mod scheduler;
mod sequence;
mod sink;
mod step;
#[cfg(test)]
mod testing;
mod tokenizer;
mod validate;

pub use config::Config;
pub use counters::Counters;
pub use explain::{Candidate, Explanation, Stage, Step};
pub use fake::{ByteTokenizer, FakeModel};
pub use handle::{Engine, Handle, Ticket};
pub use model::{BLOCK_TOKENS, BlockId, Chunk, LogitsRows, Model, ModelError, ModelInfo};
pub use request::{
    Class, Constraint, EngineError, Event, FinishReason, Request, SamplingParams, Sink, SinkError,
    TokenLogprob,
};
pub use sink::{ChannelSink, EventReceiver, channel_sink};
pub use tokenizer::Tokenizer;

/// The number of a token in a model's vocabulary.
pub type TokenId = u32;
