//! WEIGHTS AND KERNELS: GGUF, tokenizers, architectures as rows of a table, CPU kernels. The only `unsafe`.
//!
//! It must never know HTTP, Bedrock, templates or money.

mod arch;
mod buffers;
mod cpu;
mod error;
pub mod gguf;
mod half;
mod kernels;
mod kv;
mod load;
mod matrix;
mod memory;
mod pool;
mod rope;
mod simd;
mod source;
mod step;
#[cfg(test)]
mod testing;
pub mod tokenizer;
mod weights;

pub use cpu::CpuModel;
pub use error::LoadError;
pub use kv::KvType;
pub use load::{LoadOptions, Loaded, LoadedModel, load_bytes, load_file, load_model};
pub use pool::Pool;
pub use simd::Isa;
pub use source::Source;

/// The built-in model, a GGUF file of about 6 MB; `training/` says how it is made.
pub const PEBBLE: &[u8] = include_bytes!("../assets/pebble.gguf");
