//! Responses: JSON, errors with the headers that SDKs read, and the one body type of the server.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bedrock::doors::Door;
use bedrock::error::WireError;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};
use serde::Serialize;

use crate::stream::EventBody;

/// Retry hint of a retryable error that names none.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Most mended places that a header names.
const MENDED_NAMED: usize = 20;

/// A response's body: ready, or written as it is generated.
pub(crate) enum Body {
    /// All of it; taken when sent.
    Whole(Option<Bytes>),
    /// A stream.
    Stream(Box<EventBody>),
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(stream) => {
                stream.poll_bytes(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

/// A JSON answer.
pub(crate) fn json(
    status: StatusCode,
    value: &impl Serialize,
) -> Result<Response<Body>, WireError> {
    let bytes = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "a response cannot be serialised");
        WireError::internal()
    })?;
    Ok(bytes_of("application/json", status, bytes))
}

/// An answer that is ready as bytes.
pub(crate) fn bytes_of(
    content_type: &'static str,
    status: StatusCode,
    bytes: Vec<u8>,
) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Some(Bytes::from(bytes))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// An error as the door's clients expect it.
pub(crate) fn error(door: Door, error: &WireError, request_id: &str) -> Response<Body> {
    let status =
        StatusCode::from_u16(door.status(error)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = door.body(error, request_id).to_string().into_bytes();
    let mut response = bytes_of("application/json", status, body);
    put_error(&mut response, door, error);
    response
}

/// The headers of an error in the door's shape. A retryable one always carries both retry hints.
pub(crate) fn put_error<B>(response: &mut Response<B>, door: Door, error: &WireError) {
    let hinted = error.kind.retryable() && error.retry_after.is_none();
    let error = if hinted { &error.clone().retry_after(RETRY_AFTER) } else { error };
    for (name, value) in door.headers(error) {
        put(response, name, &value);
    }
}

/// Names what a lenient reader mended; of much of it, the first.
pub(crate) fn put_mended<B>(response: &mut Response<B>, mended: &[String]) {
    if mended.is_empty() {
        return;
    }
    let mut text = mended[..mended.len().min(MENDED_NAMED)].join(", ");
    if mended.len() > MENDED_NAMED {
        text.push_str(&format!(", and {} more", mended.len() - MENDED_NAMED));
    }
    put(response, "x-outcrop-mended", &text);
}

/// Sets a header, leaving out what a header cannot hold.
pub(crate) fn put<B>(response: &mut Response<B>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedrock::error::ErrorKind;

    #[test]
    fn retryable_errors_always_carry_both_hints() {
        for kind in ErrorKind::all() {
            let response = error(Door::Bedrock, &WireError::new(kind, "x"), "id");
            assert_eq!(response.status().as_u16(), kind.status());
            assert_eq!(hints(&response, "x-amz-retry-after"), [kind.retryable(); 2], "{kind:?}");
            let kind_header = response.headers()["x-amzn-errortype"].to_str().unwrap();
            assert!(kind_header.starts_with(kind.code()));
            for door in [Door::OpenAi, Door::Anthropic] {
                let response = error(door, &WireError::new(kind, "x"), "id");
                assert_eq!(hints(&response, "retry-after-ms"), [kind.retryable(); 2], "{kind:?}");
            }
        }
    }

    fn hints(response: &Response<Body>, milliseconds: &str) -> [bool; 2] {
        ["retry-after", milliseconds].map(|name| response.headers().contains_key(name))
    }
}
