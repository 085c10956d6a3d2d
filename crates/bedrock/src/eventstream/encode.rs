//! Frame to bytes.

use std::collections::HashSet;

use super::{
    FRAMING_BYTES, Frame, HeaderValue, MAX_HEADERS_BYTES, MAX_PAYLOAD_BYTES, MAX_VALUE_BYTES,
};

/// Why a frame cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A header's name must have 1 to 255 bytes.
    #[error("header name of {bytes} bytes; 1 to 255 are allowed")]
    NameLength {
        /// The name's length.
        bytes: usize,
    },
    /// A header's value is too long.
    #[error("value of header `{name}` has {bytes} bytes; {MAX_VALUE_BYTES} are allowed")]
    ValueLength {
        /// The header.
        name: String,
        /// The value's length.
        bytes: usize,
    },
    /// Two headers have one name.
    #[error("header `{name}` stands twice")]
    DuplicateHeader {
        /// The name.
        name: String,
    },
    /// All headers together are too long.
    #[error("headers of {bytes} bytes; {MAX_HEADERS_BYTES} are allowed")]
    HeadersLength {
        /// Their length.
        bytes: usize,
    },
    /// The payload is too long.
    #[error("payload of {bytes} bytes; {MAX_PAYLOAD_BYTES} are allowed")]
    PayloadLength {
        /// Its length.
        bytes: usize,
    },
}

impl Frame {
    /// The frame's bytes.
    ///
    /// # Errors
    /// A name, value, the headers or the payload exceed their limit, or a name stands twice.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut headers = Vec::with_capacity(96);
        let mut seen = HashSet::new();
        for (name, value) in &self.headers {
            if !seen.insert(name) {
                return Err(EncodeError::DuplicateHeader { name: name.clone() });
            }
            put_header(&mut headers, name, value)?;
            if headers.len() > MAX_HEADERS_BYTES {
                return Err(EncodeError::HeadersLength { bytes: headers.len() });
            }
        }
        assemble(&headers, &self.payload)
    }
}

/// Puts lengths and checksums around encoded headers and a payload.
fn assemble(headers: &[u8], payload: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let too_long = EncodeError::PayloadLength { bytes: payload.len() };
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(too_long);
    }
    let total = FRAMING_BYTES + headers.len() + payload.len();
    let total_field = u32::try_from(total).map_err(|_| too_long)?;
    let headers_field = u32::try_from(headers.len())
        .map_err(|_| EncodeError::HeadersLength { bytes: headers.len() })?;

    let mut frame = Vec::with_capacity(total);
    frame.extend_from_slice(&total_field.to_be_bytes());
    frame.extend_from_slice(&headers_field.to_be_bytes());
    put_checksum(&mut frame);
    frame.extend_from_slice(headers);
    frame.extend_from_slice(payload);
    put_checksum(&mut frame);
    Ok(frame)
}

/// Appends the CRC-32 of what is already there.
fn put_checksum(frame: &mut Vec<u8>) {
    let checksum = crc32fast::hash(frame);
    frame.extend_from_slice(&checksum.to_be_bytes());
}

fn put_header(out: &mut Vec<u8>, name: &str, value: &HeaderValue) -> Result<(), EncodeError> {
    let name_length = u8::try_from(name.len())
        .ok()
        .filter(|length| *length > 0)
        .ok_or(EncodeError::NameLength { bytes: name.len() })?;
    out.push(name_length);
    out.extend_from_slice(name.as_bytes());
    match value {
        HeaderValue::Bool(true) => out.push(0),
        HeaderValue::Bool(false) => out.push(1),
        HeaderValue::Byte(number) => put_number(out, 2, &number.to_be_bytes()),
        HeaderValue::Int16(number) => put_number(out, 3, &number.to_be_bytes()),
        HeaderValue::Int32(number) => put_number(out, 4, &number.to_be_bytes()),
        HeaderValue::Int64(number) => put_number(out, 5, &number.to_be_bytes()),
        HeaderValue::Bytes(bytes) => put_counted(out, 6, name, bytes)?,
        HeaderValue::String(text) => put_counted(out, 7, name, text.as_bytes())?,
        HeaderValue::Timestamp(millis) => put_number(out, 8, &millis.to_be_bytes()),
        HeaderValue::Uuid(bytes) => put_number(out, 9, bytes),
    }
    Ok(())
}

fn put_number(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.push(kind);
    out.extend_from_slice(bytes);
}

fn put_counted(out: &mut Vec<u8>, kind: u8, name: &str, bytes: &[u8]) -> Result<(), EncodeError> {
    let length = u16::try_from(bytes.len())
        .ok()
        .filter(|_| bytes.len() <= MAX_VALUE_BYTES)
        .ok_or_else(|| EncodeError::ValueLength { name: name.to_owned(), bytes: bytes.len() })?;
    out.push(kind);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}
