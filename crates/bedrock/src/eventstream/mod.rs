//! The binary event stream, `application/vnd.amazon.eventstream`: frames with typed headers and two checksums.
//!
//! ```text
//! u32 total_length | u32 headers_length | u32 CRC-32 of the first 8 bytes
//! headers: { u8 name_length | name | u8 type | value }*      payload
//! u32 CRC-32 of everything before
//! ```
//!
//! All numbers are big-endian; CRC-32 is the IEEE polynomial; `total_length` counts the whole frame, 16 bytes of
//! framing included. Encoding makes one frame ([`Frame::encode`]); decoding is incremental ([`Decoder`]).
//! [`event`], [`chunk`] and [`exception`] make the frames that Bedrock sends.
//! It must never know what a payload means, nor a socket.
//! Source: the Smithy specification, "Amazon Event Stream Specification".

mod decode;
mod encode;
mod frames;
#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use decode::{DecodeError, Decoder};
pub use encode::EncodeError;
pub use frames::{chunk, error, event, exception};

/// The content type of a stream.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Most bytes of the headers of one frame (specification: 128 KiB).
pub const MAX_HEADERS_BYTES: usize = 128 * 1024;
/// Most bytes of one payload (specification: 24 MiB; older parsers accept 16 MiB, so this is the limit here).
pub const MAX_PAYLOAD_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes of a string or bytes header (specification: 32,767).
pub const MAX_VALUE_BYTES: usize = 32_767;

/// Bytes of lengths and their checksum before the headers.
const PRELUDE_BYTES: usize = 12;
/// Bytes of a frame that are neither headers nor payload.
const FRAMING_BYTES: usize = PRELUDE_BYTES + 4;

/// One frame of a stream: a "message" in the specification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Names of 1 to 255 bytes, each once, and their values, in order.
    pub headers: Vec<(String, HeaderValue)>,
    /// The payload, at most [`MAX_PAYLOAD_BYTES`].
    pub payload: Bytes,
}

/// The value of a header; nine kinds in ten types, since true and false are a type each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    /// Types 0 (true) and 1 (false).
    Bool(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Int16(i16),
    /// Type 4.
    Int32(i32),
    /// Type 5.
    Int64(i64),
    /// Type 6, at most [`MAX_VALUE_BYTES`].
    Bytes(Bytes),
    /// Type 7, at most [`MAX_VALUE_BYTES`].
    String(String),
    /// Type 8: milliseconds since 1970, UTC.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

impl Frame {
    /// The value of the header `name`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value)
    }

    /// The value of the header `name`, if it is a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        match self.header(name) {
            Some(HeaderValue::String(text)) => Some(text),
            _ => None,
        }
    }
}
