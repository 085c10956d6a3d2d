//! THE WIRE: Converse, native bodies by family, event stream, SigV4, errors, ids and ARNs.
//!
//! Sans-IO: bytes and values in, bytes and values out. It must never know tokio, axum, files or vocabularies.

pub mod advice;
pub mod canonical;
pub mod catalogue;
pub mod control;
pub mod converse;
pub mod count_tokens;
pub mod doors;
pub mod error;
pub mod eventstream;
pub mod families;
pub mod family;
pub mod geography;
pub mod model_id;
pub mod parameters;
pub mod sigv4;
pub mod sse;

mod conversation;
mod documents;
mod json;
mod reasoning;
mod sampling;
