//! Bytes to frames, as they come.

use std::collections::HashSet;

use bytes::{Buf, Bytes, BytesMut};

use super::{
    FRAMING_BYTES, Frame, HeaderValue, MAX_HEADERS_BYTES, MAX_PAYLOAD_BYTES, MAX_VALUE_BYTES,
    PRELUDE_BYTES,
};

/// Why bytes are no event stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The checksum of the lengths is wrong.
    #[error("prelude checksum is {found:08x}, computed {computed:08x}")]
    PreludeChecksum {
        /// As sent.
        found: u32,
        /// As it should be.
        computed: u32,
    },
    /// The frame's checksum is wrong.
    #[error("message checksum is {found:08x}, computed {computed:08x}")]
    MessageChecksum {
        /// As sent.
        found: u32,
        /// As it should be.
        computed: u32,
    },
    /// The frame is shorter than its parts.
    #[error("total length {total} does not hold headers of {headers} bytes")]
    TotalLength {
        /// The whole frame's length as sent.
        total: u32,
        /// The headers' length as sent.
        headers: u32,
    },
    /// The headers are longer than allowed.
    #[error("headers of {bytes} bytes; {MAX_HEADERS_BYTES} are allowed")]
    HeadersLength {
        /// Their length as sent.
        bytes: usize,
    },
    /// The payload is longer than allowed.
    #[error("payload of {bytes} bytes; {MAX_PAYLOAD_BYTES} are allowed")]
    PayloadLength {
        /// Its length as sent.
        bytes: usize,
    },
    /// A header is cut off by the end of the headers.
    #[error("header is cut off")]
    HeaderCut,
    /// A header has an empty name, or one that is not UTF-8.
    #[error("header name is empty or not UTF-8")]
    HeaderName,
    /// A header has a type that does not exist.
    #[error("header `{name}` has unknown type {kind}")]
    HeaderType {
        /// The header.
        name: String,
        /// The type as sent.
        kind: u8,
    },
    /// A header's string is not UTF-8, or its value is longer than allowed.
    #[error("header `{name}` has a value that is too long or not UTF-8")]
    HeaderValue {
        /// The header.
        name: String,
    },
    /// Two headers have one name.
    #[error("header `{name}` stands twice")]
    DuplicateHeader {
        /// The name.
        name: String,
    },
    /// The stream ended inside a frame.
    #[error("stream ended inside a frame, after {bytes} of its bytes")]
    Truncated {
        /// Bytes that were left.
        bytes: usize,
    },
}

/// Takes bytes as they come and gives frames.
///
/// Memory: at most one frame of the allowed size plus the last piece, if every [`push`](Decoder::push) is followed by
/// [`next_frame`](Decoder::next_frame) until it gives `None`. After an error the stream is lost: the error is repeated.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    failed: Option<DecodeError>,
}

/// The checked lengths at the start of a frame.
struct Prelude {
    total: usize,
    headers: usize,
}

impl Decoder {
    /// An empty decoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next frame; `Ok(None)` means "more bytes are needed".
    ///
    /// # Errors
    /// The bytes are no event stream. Lengths are believed only after their checksum, so a broken one is told at once.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.try_frame().inspect_err(|error| {
            self.failed = Some(error.clone());
            self.buffer = BytesMut::new();
        })
    }

    /// Tells that the stream has ended.
    ///
    /// # Errors
    /// An earlier error, or the stream ended inside a frame.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None if self.buffer.is_empty() => Ok(()),
            None => Err(DecodeError::Truncated { bytes: self.buffer.len() }),
        }
    }

    fn try_frame(&mut self) -> Result<Option<Frame>, DecodeError> {
        let Some(prelude) = read_prelude(&self.buffer)? else { return Ok(None) };
        if self.buffer.len() < prelude.total {
            return Ok(None);
        }
        let mut bytes = self.buffer.split_to(prelude.total).freeze();
        let mut checksum = bytes.split_off(prelude.total - 4);
        let (found, computed) = (checksum.get_u32(), crc32fast::hash(&bytes));
        if found != computed {
            return Err(DecodeError::MessageChecksum { found, computed });
        }
        bytes.advance(PRELUDE_BYTES);
        let headers = read_headers(bytes.split_to(prelude.headers))?;
        Ok(Some(Frame { headers, payload: bytes }))
    }
}

fn read_prelude(mut bytes: &[u8]) -> Result<Option<Prelude>, DecodeError> {
    let Some(lengths) = bytes.get(..PRELUDE_BYTES - 4) else { return Ok(None) };
    if bytes.len() < PRELUDE_BYTES {
        return Ok(None);
    }
    let computed = crc32fast::hash(lengths);
    let (total, headers, found) = (bytes.get_u32(), bytes.get_u32(), bytes.get_u32());
    if found != computed {
        return Err(DecodeError::PreludeChecksum { found, computed });
    }
    let too_short = DecodeError::TotalLength { total, headers };
    let total = usize::try_from(total).map_err(|_| too_short.clone())?;
    let headers = usize::try_from(headers).map_err(|_| too_short.clone())?;
    if headers > MAX_HEADERS_BYTES {
        return Err(DecodeError::HeadersLength { bytes: headers });
    }
    let payload = total.checked_sub(FRAMING_BYTES + headers).ok_or(too_short)?;
    if payload > MAX_PAYLOAD_BYTES {
        return Err(DecodeError::PayloadLength { bytes: payload });
    }
    Ok(Some(Prelude { total, headers }))
}

fn read_headers(mut bytes: Bytes) -> Result<Vec<(String, HeaderValue)>, DecodeError> {
    let mut headers = Vec::new();
    while !bytes.is_empty() {
        let length = bytes.try_get_u8().map_err(|_| DecodeError::HeaderCut)?;
        let name = take(&mut bytes, usize::from(length))?;
        let name = std::str::from_utf8(&name)
            .ok()
            .filter(|name| !name.is_empty())
            .ok_or(DecodeError::HeaderName)?
            .to_owned();
        let value = read_value(&mut bytes, &name)?;
        headers.push((name, value));
    }
    let mut seen = HashSet::new();
    match headers.iter().find(|(name, _)| !seen.insert(name)) {
        Some((name, _)) => Err(DecodeError::DuplicateHeader { name: name.clone() }),
        None => Ok(headers),
    }
}

fn read_value(bytes: &mut Bytes, name: &str) -> Result<HeaderValue, DecodeError> {
    let cut = |_| DecodeError::HeaderCut;
    let kind = bytes.try_get_u8().map_err(cut)?;
    Ok(match kind {
        0 => HeaderValue::Bool(true),
        1 => HeaderValue::Bool(false),
        2 => HeaderValue::Byte(bytes.try_get_i8().map_err(cut)?),
        3 => HeaderValue::Int16(bytes.try_get_i16().map_err(cut)?),
        4 => HeaderValue::Int32(bytes.try_get_i32().map_err(cut)?),
        5 => HeaderValue::Int64(bytes.try_get_i64().map_err(cut)?),
        6 => HeaderValue::Bytes(read_counted(bytes, name)?),
        7 => {
            let text = read_counted(bytes, name)?;
            let text = std::str::from_utf8(&text)
                .map_err(|_| DecodeError::HeaderValue { name: name.to_owned() })?;
            HeaderValue::String(text.to_owned())
        }
        8 => HeaderValue::Timestamp(bytes.try_get_i64().map_err(cut)?),
        9 => HeaderValue::Uuid(bytes.try_get_u128().map_err(cut)?.to_be_bytes()),
        _ => return Err(DecodeError::HeaderType { name: name.to_owned(), kind }),
    })
}

fn read_counted(bytes: &mut Bytes, name: &str) -> Result<Bytes, DecodeError> {
    let length = usize::from(bytes.try_get_u16().map_err(|_| DecodeError::HeaderCut)?);
    if length > MAX_VALUE_BYTES {
        return Err(DecodeError::HeaderValue { name: name.to_owned() });
    }
    take(bytes, length)
}

fn take(bytes: &mut Bytes, length: usize) -> Result<Bytes, DecodeError> {
    if bytes.len() < length {
        return Err(DecodeError::HeaderCut);
    }
    Ok(bytes.split_to(length))
}
