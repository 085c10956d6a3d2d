//! Standard output that does not panic when its reader has gone (`outcrop models | head -1`).

use std::io::{self, StdoutLock, Write};

use comfy_table::{LineStyle, TableStyle};

/// Tables have a line above, below and under their header, and one line a row.
pub(crate) const TABLE: TableStyle =
    TableStyle::new().top_border(RULE).header_separator(RULE).bottom_border(RULE);
const RULE: LineStyle = LineStyle::none().fill('─').junction('─');

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

/// An error with its causes, each once: many a library's message contains that of its cause.
pub(crate) fn describe(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::*;

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let error = anyhow!("no such file").context("cannot open a.toml: no such file");
        assert_eq!(describe(&error), "cannot open a.toml: no such file");
        let error = anyhow!("no such file").context("cannot open a.toml");
        assert_eq!(describe(&error), "cannot open a.toml: no such file");
    }

    #[test]
    fn a_closed_pipe_is_known_under_any_context() {
        let closed: io::Result<()> = Err(io::ErrorKind::BrokenPipe.into());
        assert!(is_closed_pipe(&closed.context("cannot write").unwrap_err()));
        assert!(!is_closed_pipe(&anyhow!("another failure")));
    }
}
