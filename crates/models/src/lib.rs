//! WEIGHTS AND KERNELS: GGUF, tokenizers, architectures as rows of a table, CPU kernels. The only `unsafe`.
//!
//! It must never know HTTP, Bedrock, templates or money.

mod error;
pub mod gguf;
mod source;
#[cfg(test)]
mod testing;

pub use error::LoadError;
pub use source::Source;
