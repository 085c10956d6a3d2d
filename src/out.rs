//! Standard output that does not panic when its reader has gone (`outcrop models | head -1`).

use std::io::{self, StdoutLock, Write};

/// Buffered standard output. A closed pipe is an error that [`is_closed_pipe`] knows, and `main` takes for success.
pub(crate) fn stdout() -> io::BufWriter<StdoutLock<'static>> {
    io::BufWriter::new(io::stdout().lock())
}

/// Writes one line and passes it on at once.
///
/// # Errors
/// Those of the stream.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut out = stdout();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Whether an error comes from a reader that has gone.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
