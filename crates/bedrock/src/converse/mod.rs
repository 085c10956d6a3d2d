//! Converse and ConverseStream: bytes to the canonical request, canonical events and answers to their JSON.
//!
//! Shapes: the service model `bedrock-runtime` 2023-09-30. What Outcrop does not serve yet (guardrails, images,
//! audio, video, citations, explicit cache points) is refused by name, never skipped.
//!
//! `additionalModelRequestFields` carries what `inferenceConfig` lacks: see [`ADDITIONAL_FIELDS`].
//! `additionalModelResponseFieldPaths` may name what [`response_fields`] lists.

mod additional;
mod content;
mod documents;
mod explain;
mod notes;
mod request;
mod response;
mod stream;
mod tools;

pub use additional::{ADDITIONAL_FIELDS, IGNORED_FIELDS};
pub(crate) use explain::insert_explanations;
pub use request::{Reading, parse_request, read_request};
pub(crate) use request::{read_countable, read_turns};
pub use response::{Echo, encode_answer, response_fields};
pub(crate) use response::{finite, logprobs_value, tool_input};
pub use stream::{Frame, StreamEncoder};

#[cfg(test)]
mod tests;
