//! How many requests turn documents into text at once: each may take much memory for a moment.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Requests whose documents are read at the same time; others wait.
const READERS_MAX: usize = 4;

static READERS: Semaphore = Semaphore::const_new(READERS_MAX);

/// Waits for a request's turn; the turn ends when the answer is dropped. `None`: the server ends.
pub(crate) async fn turn() -> Option<SemaphorePermit<'static>> {
    READERS.acquire().await.ok()
}
