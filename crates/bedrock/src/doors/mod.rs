//! The other doors to the same models: OpenAI's chat completions and Responses, and Anthropic's Messages, as Bedrock has
//! them beside its own operations.
//!
//! Their bodies name the model and say whether to stream; streams are server-sent events; errors have each API's own
//! shape and status. Bodies that InvokeModel has too are read and encoded by [`crate::families`].
//! Sources: the "Chat Completions", "Responses" and "Messages API" pages of the Bedrock user guide; the types of the
//! `openai` and `anthropic` packages for Python.

pub mod chat;
mod error;
pub mod messages;
pub mod models;
pub mod responses;

pub use error::Door;

use crate::canonical::Request;
use crate::error::{ErrorKind, Subject, WireError};
use crate::json::{self, Fields, Node, Wording, cut};
use crate::model_id::MAX_MODEL_ID;

/// Ids that these APIs have without the version that Bedrock's own operations need.
const SHORT_IDS: &[(&str, &str)] = &[
    ("openai.gpt-oss-120b", "openai.gpt-oss-120b-1:0"),
    ("openai.gpt-oss-20b", "openai.gpt-oss-20b-1:0"),
];

/// Why `explain` is refused by APIs whose answers have no place for it.
const UNEXPLAINED: &str =
    "draws are not explained here: use chat completions or one of Bedrock's own operations";

/// A request whose body says itself what is to answer it, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<S> {
    /// The model identifier, in any form.
    pub model: String,
    /// Whether the answer is to be a stream.
    pub streaming: bool,
    /// What is asked.
    pub request: Request,
    /// What of the body shows in the answer.
    pub shown: S,
}

/// Reads a body and every one of its fields.
fn read<T>(
    body: &[u8],
    reader: impl FnOnce(&mut Fields<'_>) -> Result<T, WireError>,
) -> Result<T, WireError> {
    let value = json::parse(body)?;
    Node::root(&value, Wording::Native).read(reader)
}

/// `model`, which must be there, and `stream`.
fn read_address(fields: &mut Fields<'_>) -> Result<(String, bool), WireError> {
    let model = fields.require("model")?.text_within(1, MAX_MODEL_ID)?.to_owned();
    Ok((model, fields.boolean("stream")?.unwrap_or(false)))
}

/// The identifier by which Bedrock's own operations know a model.
#[must_use]
pub fn long_id(model: &str) -> &str {
    SHORT_IDS.iter().find(|(short, _)| *short == model).map_or(model, |(_, long)| long)
}

/// The error of a model that does not answer: `why` is what Bedrock's own operations say. What is not about the
/// identifier stays as it is.
#[must_use]
pub fn model_not_found(model: &str, why: WireError) -> WireError {
    if !matches!(why.kind, ErrorKind::Validation | ErrorKind::ResourceNotFound) {
        return why;
    }
    let message = format!("The model `{}` does not answer here. {}", cut(model), why.message);
    WireError::not_found(message).about(Subject::Model)
}

#[cfg(test)]
mod tests;
