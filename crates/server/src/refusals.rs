//! Answers to what never becomes a request: a connection too many, a head that cannot be read.
//!
//! hyper answers an HTTP/1.1 head that is too long or no HTTP by itself, with a status and nothing else. [`Typed`] puts
//! an answer in its place that has a type, a message and a request id, as all others do. In HTTP/2 the same is a
//! response without a body, or the end of the connection, made inside the frames; it stays as it is.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bedrock::error::{ErrorKind, WireError};
use bytes::{Buf as _, Bytes};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use uuid::Uuid;

/// Longest head of an answer that hyper makes by itself.
const BARE_MAX: usize = 256;

/// The answer to a connection over the limit.
pub(crate) fn too_many_connections() -> Bytes {
    whole(&WireError::unavailable().retry_after(Duration::from_secs(1)))
}

/// A whole HTTP/1.1 answer, after which the connection ends.
fn whole(error: &WireError) -> Bytes {
    let request_id = Uuid::new_v4().to_string();
    tracing::info!(request_id, outcome = error.kind.code(), "request");
    let status =
        StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers: String =
        error.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let body = error.body().to_string();
    let length = body.len();
    Bytes::from(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\nx-amzn-requestid: {request_id}\r\n{headers}\r\n{body}"
    ))
}

/// What stands in place of an answer that hyper made by itself; `None` if `written` is none.
fn in_place_of(written: &[u8]) -> Option<Bytes> {
    if written.len() > BARE_MAX || !written.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(written).ok()?.to_ascii_lowercase();
    let (version, rest) = head.split_once(' ')?;
    // An answer of the server itself always has a body.
    let is_bare = version.starts_with("http/1.") && rest.contains("\r\ncontent-length: 0\r\n");
    let error = match rest.get(..3).filter(|_| is_bare)? {
        "400" => WireError::validation("The request is not valid HTTP."),
        "414" | "431" => WireError::new(
            ErrorKind::HeadersTooLarge,
            "The request line and the headers are larger than this server allows.",
        ),
        _ => return None,
    };
    Some(whole(&error))
}

/// A connection whose bare refusals become typed ones.
pub(crate) struct Typed<S> {
    stream: S,
    /// What is still to be written of such an answer.
    pending: Bytes,
}

impl<S> Typed<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, pending: Bytes::new() }
    }
}

impl<S: AsyncWrite + Unpin> Typed<S> {
    fn write_pending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.pending))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.pending.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes an answer of hyper's own; whether it was one. What cannot be written at once is with the next flush.
    fn replace(&mut self, cx: &mut Context<'_>, written: &[u8]) -> io::Result<bool> {
        let Some(answer) = in_place_of(written) else { return Ok(false) };
        self.pending = answer;
        if let Poll::Ready(Err(error)) = self.write_pending(cx) {
            return Err(error);
        }
        Ok(true)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Typed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Typed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.write_pending(cx))?;
        if self.replace(cx, buf)? {
            return Poll::Ready(Ok(buf.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.write_pending(cx))?;
        let mut full = bufs.iter().filter(|buf| !buf.is_empty());
        if let (Some(only), None) = (full.next(), full.next())
            && self.replace(cx, only)?
        {
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_pending(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_pending(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn only_bare_refusals_are_replaced() {
        let bare = |status: &str| {
            format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        };
        for status in ["400 Bad Request", "414 URI Too Long", "431 X"] {
            assert!(in_place_of(bare(status).as_bytes()).is_some(), "{status}");
        }
        let others = [
            bare("200 OK"),
            bare("503 X"),
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}".to_owned(),
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 10\r\n\r\n".to_owned(),
            "HTTP/1.1 431 X\r\ncontent-length: 0\r\n".to_owned(),
            String::new(),
        ];
        for other in others {
            assert!(in_place_of(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[tokio::test]
    async fn a_slow_reader_gets_the_whole_answer_and_what_follows() {
        let (ours, mut theirs) = tokio::io::duplex(7);
        let writer = tokio::spawn(async move {
            let mut typed = Typed::new(ours);
            typed.write_all(b"HTTP/1.1 431 X\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            typed.write_all(b"rest").await.unwrap();
            typed.shutdown().await.unwrap();
        });
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        writer.await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{answer}");
        assert!(head.contains("x-amzn-errortype: RequestHeaderFieldsTooLargeException:"));
        assert!(body.starts_with("{\"message\":") && body.ends_with("}rest"), "{answer}");
        let length = format!("content-length: {}", body.len() - "rest".len());
        assert!(head.contains(&length), "{answer}");
    }
}
