//! Reading a request's body, within bounds of size and time.

use std::sync::Arc;

use bedrock::error::{ErrorKind, WireError};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::config::Limits;

/// Most bytes set aside before any of a body has arrived, whatever its `Content-Length` claims.
const MAX_INITIAL: usize = 64 * 1024;

/// The memory for bodies is counted in pieces of so many bytes.
const UNIT: usize = 1024;

/// A body, and the share of the memory for bodies that it takes until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// The memory for bodies, in units of [`UNIT`] bytes.
pub(crate) fn memory(limits: &Limits) -> Arc<Semaphore> {
    // One body of the largest size always fits.
    let bytes = limits.max_bodies_bytes.max(limits.max_body_bytes);
    Arc::new(Semaphore::new(bytes.div_ceil(UNIT).min(Semaphore::MAX_PERMITS)))
}

/// Reads the whole body.
///
/// # Errors
/// 413 beyond the limit, 408 if it comes too slowly, 400 if the connection breaks it off, 503 if all bodies together
/// take too much memory.
pub(crate) async fn read<B>(
    mut body: B,
    limits: &Limits,
    memory: &Arc<Semaphore>,
) -> Result<Whole, WireError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let limit = limits.max_body_bytes;
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(too_large(limit));
    }
    let end = Instant::now() + limits.body_timeout;
    let mut whole = BytesMut::new();
    let mut share: Option<OwnedSemaphorePermit> = None;
    loop {
        let next = end.min(Instant::now() + limits.body_idle_timeout);
        let frame = match timeout_at(next, body.frame()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => return Ok(Whole { bytes: whole.freeze(), _share: share }),
            Ok(Some(Err(_))) => return Err(broken_off()),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        take_share(&mut share, whole.len() + data.len(), memory)?;
        if whole.is_empty() {
            if body.is_end_stream() {
                return Ok(Whole { bytes: data, _share: share });
            }
            whole.reserve(announced.clamp(data.len(), MAX_INITIAL.max(data.len())));
        }
        whole.extend_from_slice(&data);
    }
}

/// Grows a share to hold so many bytes.
fn take_share(
    share: &mut Option<OwnedSemaphorePermit>,
    bytes: usize,
    memory: &Arc<Semaphore>,
) -> Result<(), WireError> {
    let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let more = u32::try_from(bytes.div_ceil(UNIT).saturating_sub(held)).unwrap_or(u32::MAX);
    let taken =
        Arc::clone(memory).try_acquire_many_owned(more).map_err(|_| WireError::unavailable())?;
    match share {
        Some(share) => share.merge(taken),
        None => *share = Some(taken),
    }
    Ok(())
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

fn broken_off() -> WireError {
    WireError::validation("The request body ended before its announced length.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt as _;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use std::convert::Infallible;
    use std::time::Duration;

    async fn read(body: impl Body<Data = Bytes> + Unpin) -> Result<Bytes, WireError> {
        let limits = Limits { max_body_bytes: 10, ..Limits::default() };
        super::read(body, &limits, &memory(&limits)).await.map(|whole| whole.bytes)
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
        assert_eq!(read(pieces(&["ab", "", "cd"])).await.unwrap(), "abcd");
        assert_eq!(read(pieces(&[])).await.unwrap(), "");
    }

    #[tokio::test]
    async fn too_much_is_413() {
        let error = read(pieces(&["0123456789", "x"])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::RequestTooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_dripping_are_408() {
        let silent =
            StreamBody::new(futures::stream::pending::<Result<Frame<Bytes>, Infallible>>());
        assert_eq!(read(silent).await.unwrap_err().kind, ErrorKind::RequestTimeout);
        let drip = futures::stream::repeat(()).then(|()| async {
            tokio::time::sleep(Duration::from_secs(19)).await;
            Ok::<_, Infallible>(Frame::data(Bytes::new()))
        });
        let body = StreamBody::new(Box::pin(drip));
        assert_eq!(read(body).await.unwrap_err().kind, ErrorKind::RequestTimeout);
    }

    #[tokio::test]
    async fn all_bodies_together_are_bounded() {
        let bytes = 3 * UNIT;
        let limits = Limits { max_bodies_bytes: bytes, max_body_bytes: bytes, ..Limits::default() };
        let memory = memory(&limits);
        let piece: &'static str = "x".repeat(UNIT).leak();
        let two = [piece, piece];
        let first = super::read(pieces(&two), &limits, &memory).await.unwrap();
        let error = super::read(pieces(&two), &limits, &memory).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ServiceUnavailable);
        drop(first);
        super::read(pieces(&two), &limits, &memory).await.unwrap();
        assert_eq!(memory.available_permits(), 3, "everything was given back");
    }
}
