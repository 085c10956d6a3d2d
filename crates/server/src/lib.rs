//! HTTP: listening, TLS, credentials, the Bedrock operations, streaming.
//!
//! A request's way: `listener` (one port for HTTP/1.1, h2c and TLS) → `dispatch` (the credential scope's service, then
//! the raw path) → `auth` (who calls) → `api` (bytes ↔ canonical, one file per operation group) → `registry` (model id →
//! a loaded model) → `generate` (canonical request → canonical events, one path for every operation) → `stream` or
//! `respond`. It must never know kernels, file formats of models, or argument parsing.

mod config;
mod datadir;
mod error;
pub mod keys;
mod loader;
mod tls;

pub use config::{Config, Limits, Memory, ModelSource, Tls};
pub use datadir::DataDir;
pub use error::ServerError;
pub use loader::{LoadedParts, Loader};
