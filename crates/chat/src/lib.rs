//! TEXT ↔ TOKENS OF A CONVERSATION: chat templates, prompt tokens; token ids → canonical events with incremental UTF-8,
//! stop strings, tool calls and reasoning; JSON Schema → constraint; documents → text.
//!
//! Sans-IO. It must never know HTTP, kernels or money.

mod abilities;
mod budget;
mod constraint;
mod date;
mod decoder;
mod dialect;
mod dialects;
mod documents;
mod error;
mod escape;
mod ids;
mod json;
mod json_scan;
mod messages;
mod model;
mod raw;
mod reasoning;
mod stops;
mod template;
#[cfg(test)]
mod tests;
mod tool_call;
mod utf8;

pub use constraint::SchemaError;
pub use date::Date;
pub use decoder::{Decoder, Flow};
pub use documents::{DOCUMENT_TEXT_MAX, DocumentError, document_text, is_reading_document};
pub use error::ChatError;
pub use model::{ChatModel, PromptTokens};
