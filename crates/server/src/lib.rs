//! HTTP: listening, TLS, credentials, the operations of Bedrock and of the doors beside it, streaming.
//!
//! A request's way: `listener` (one port for HTTP/1.1, h2c and TLS) → `dispatch` (the raw path, the credential scope's
//! service) → `auth` (who calls) → `api` (bytes ↔ canonical, one file per operation group) → `registry` (model id → a
//! loaded model) → `generate` (canonical request → canonical events, one path for every operation) → `attach` (clients
//! that go away and come back) → `stream` or `respond`. What clients store is read and written in `stored`. It must
//! never know kernels, file formats of models, or argument parsing.

mod api;
mod app;
mod attach;
mod auth;
mod body;
mod call;
mod config;
mod datadir;
mod dispatch;
mod documents;
mod error;
mod generate;
pub mod keys;
mod listener;
mod loader;
mod record;
mod refusals;
mod registry;
mod respond;
mod route;
mod serve;
mod sink;
mod stall;
mod stored;
mod stream;
mod tls;

pub use config::{Compatibility, Config, Limits, Memory, ModelSource, Tls};
pub use datadir::DataDir;
pub use error::ServerError;
pub use loader::{LoadedParts, Loader};
pub use serve::{Running, run, start};
