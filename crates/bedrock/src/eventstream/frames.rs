//! The three kinds of frames that Bedrock sends: events, modelled exceptions, unmodelled errors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

use super::{EncodeError, Frame, HeaderValue, MAX_VALUE_BYTES};
use crate::error::{StreamOperation, WireError};

/// Longest text of an exception; a longer one is cut, so that a failure can always be told.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// An event, for example `messageStart`, with its JSON payload.
///
/// # Errors
/// The payload or the name exceeds its limit.
pub fn event(event_type: &str, payload: impl Into<Bytes>) -> Result<Vec<u8>, EncodeError> {
    frame("event", ":event-type", event_type, payload.into()).encode()
}

/// A `chunk` of InvokeModelWithResponseStream: `{"bytes": base64 of the native JSON}`.
///
/// # Errors
/// The payload exceeds its limit.
pub fn chunk(native_json: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let mut payload = String::with_capacity(native_json.len() * 4 / 3 + 16);
    payload.push_str(r#"{"bytes":""#);
    BASE64.encode_string(native_json, &mut payload);
    payload.push_str(r#""}"#);
    event("chunk", payload)
}

/// The frame that ends a stream which failed: an exception that the stream of `operation` models.
///
/// It always succeeds: a text over 64 KiB is cut at a character.
#[must_use]
pub fn exception(error: &WireError, operation: StreamOperation) -> Vec<u8> {
    let mut error = error.clone();
    error.kind = error.kind.in_stream(operation);
    for text in [Some(&mut error.message), error.original_message.as_mut()].into_iter().flatten() {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE_BYTES));
    }
    let name = error.kind.stream_name().unwrap_or("internalServerException");
    let frame = frame("exception", ":exception-type", name, error.body().to_string().into());
    // The name is short and the payload below a megabyte (JSON escapes at most sixfold), so this cannot fail.
    frame.encode().unwrap_or_default()
}

/// An unmodelled error: code and text in headers, no payload. Bedrock's own streams use [`exception`]; this is for
/// failures outside any operation.
///
/// # Errors
/// The code exceeds its limit. The text is cut to the longest that a header holds.
pub fn error(code: &str, message: &str) -> Result<Vec<u8>, EncodeError> {
    let message = &message[..message.floor_char_boundary(MAX_VALUE_BYTES)];
    let headers = [(":message-type", "error"), (":error-code", code), (":error-message", message)];
    Frame { headers: headers.map(string_header).to_vec(), payload: Bytes::new() }.encode()
}

fn frame(message_type: &str, type_header: &str, name: &str, payload: Bytes) -> Frame {
    let headers = [
        (type_header, name),
        (":content-type", "application/json"),
        (":message-type", message_type),
    ];
    Frame { headers: headers.map(string_header).to_vec(), payload }
}

fn string_header((name, value): (&str, &str)) -> (String, HeaderValue) {
    (name.to_owned(), HeaderValue::String(value.to_owned()))
}
