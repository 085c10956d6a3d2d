//! Writes `docs/parameters.md` to standard output: every parameter of every family, from the table that the readers use.

use std::io::Write as _;

#[path = "../tests/parameters/markdown.rs"]
mod markdown;

fn main() -> std::io::Result<()> {
    std::io::stdout().lock().write_all(markdown::markdown().as_bytes())
}
