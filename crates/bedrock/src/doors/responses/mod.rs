//! OpenAI's Responses, without state: what `store: false` means. What needs a stored response (`previous_response_id`,
//! conversations, background, item references) is refused by name.
//!
//! Accepted beyond OpenAI's own keys: the sampling parameters that chat completions have. Accepted without effect: see
//! [`IGNORED_FIELDS`].

mod items;
mod request;
mod response;
mod stream;

pub use request::{Echo, IGNORED_FIELDS, parse_request};
pub use response::encode_answer;
pub use stream::StreamEncoder;

#[cfg(test)]
mod tests;
