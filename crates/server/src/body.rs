//! Reading a request's body, within bounds of size and time.

use std::time::Duration;

use bedrock::error::{ErrorKind, WireError};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use crate::config::Limits;

/// Most bytes set aside before any of a body has arrived, whatever its `Content-Length` claims.
const MAX_INITIAL: usize = 64 * 1024;

/// Reads the whole body.
///
/// # Errors
/// 413 beyond the limit, 408 if it comes too slowly, 400 if the connection breaks it off.
pub(crate) async fn read<B>(mut body: B, limits: &Limits) -> Result<Bytes, WireError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let limit = limits.max_body_bytes;
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(too_large(limit));
    }
    let end = deadline(limits.body_timeout);
    let mut whole = BytesMut::new();
    loop {
        let next = end.min(deadline(limits.body_idle_timeout));
        let frame = match timeout_at(next, body.frame()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(Err(_))) => {
                return Err(WireError::validation(
                    "The request body ended before its announced length.",
                ));
            }
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        if whole.is_empty() {
            if body.is_end_stream() {
                return Ok(data);
            }
            whole.reserve(announced.clamp(data.len(), MAX_INITIAL.max(data.len())));
        }
        whole.extend_from_slice(&data);
    }
}

fn deadline(after: Duration) -> Instant {
    Instant::now() + after
}

fn too_large(limit: usize) -> WireError {
    WireError::new(
        ErrorKind::RequestTooLarge,
        format!("The request body is larger than {limit} bytes."),
    )
}

fn too_slow() -> WireError {
    WireError::new(ErrorKind::RequestTimeout, "The request body did not arrive in time.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt as _;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use std::convert::Infallible;

    fn limits() -> Limits {
        Limits { max_body_bytes: 10, ..Limits::default() }
    }

    fn pieces(pieces: &[&'static str]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        let frames: Vec<_> = pieces
            .iter()
            .map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes()))))
            .collect();
        StreamBody::new(futures::stream::iter(frames))
    }

    #[tokio::test]
    async fn pieces_are_joined() {
        assert_eq!(read(pieces(&["ab", "", "cd"]), &limits()).await.unwrap(), "abcd");
        assert_eq!(read(pieces(&[]), &limits()).await.unwrap(), "");
    }

    #[tokio::test]
    async fn too_much_is_413() {
        let error = read(pieces(&["0123456789", "x"]), &limits()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::RequestTooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_dripping_are_408() {
        let silent =
            StreamBody::new(futures::stream::pending::<Result<Frame<Bytes>, Infallible>>());
        assert_eq!(read(silent, &limits()).await.unwrap_err().kind, ErrorKind::RequestTimeout);
        let drip = futures::stream::repeat(()).then(|()| async {
            tokio::time::sleep(Duration::from_secs(19)).await;
            Ok::<_, Infallible>(Frame::data(Bytes::new()))
        });
        let body = StreamBody::new(Box::pin(drip));
        assert_eq!(read(body, &limits()).await.unwrap_err().kind, ErrorKind::RequestTimeout);
    }
}
