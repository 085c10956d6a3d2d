//! Converse and ConverseStream: bytes to the canonical request, canonical events and answers to their JSON.
//!
//! Shapes: the service model `bedrock-runtime` 2023-09-30. What Outcrop does not serve yet (guardrails, media,
//! citations, structured output, explicit cache points) is refused by name, never skipped.
//!
//! `additionalModelRequestFields` carries what `inferenceConfig` lacks: see [`ADDITIONAL_FIELDS`].
//! `additionalModelResponseFieldPaths` may name what [`response_fields`] lists.

mod additional;
mod content;
mod explain;
mod request;
mod response;
mod stream;
mod tools;

pub(crate) use additional::read_thinking;
pub use additional::{ADDITIONAL_FIELDS, IGNORED_FIELDS};
pub(crate) use explain::explain_value;
pub(crate) use request::parse_countable;
pub use request::parse_request;
pub use response::{Echo, encode_answer, response_fields};
pub(crate) use response::{logprobs_value, tool_input};
pub use stream::{Frame, StreamEncoder};

#[cfg(test)]
mod tests;
