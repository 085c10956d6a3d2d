//! Checks the tokenizers against real vocabularies: `cargo run --release -p outcrop-models --example check_vectors DIR`.
//!
//! DIR holds pairs like llama.cpp's `models/ggml-vocab-*.gguf` with `.inp` (texts between `__ggml_vocab_test__` lines)
//! and `.out` (one line of token ids a text). One line is printed for each vocabulary; any mismatch makes the exit
//! code 1.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const SEPARATOR: &str = "\n__ggml_vocab_test__\n";

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return report(&mut std::io::stderr(), "usage: check_vectors DIR", ExitCode::from(2));
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "gguf"))
        .collect();
    files.sort();
    let mut code = if files.is_empty() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    for file in files {
        let line = match check(&file) {
            Ok((right, all)) => {
                if right < all {
                    code = ExitCode::FAILURE;
                }
                format!("{right} of {all}")
            }
            Err(problem) => format!("skipped: {problem}"),
        };
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        code = report(&mut std::io::stdout(), &format!("{name:32} {line}"), code);
    }
    code
}

fn report(to: &mut dyn Write, line: &str, code: ExitCode) -> ExitCode {
    match writeln!(to, "{line}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

/// How many texts gave the expected tokens, of how many.
fn check(file: &Path) -> Result<(usize, usize), Box<dyn std::error::Error>> {
    let header = models::gguf::read(&models::Source::open(file)?)?;
    let tokenizer = models::tokenizer::from_metadata(&header.metadata)?;
    let sibling = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        std::fs::read_to_string(name)
    };
    let (texts, expected) = (sibling(".inp")?, sibling(".out")?);
    let mut right = 0;
    let mut all = 0;
    for (text, line) in texts.split(SEPARATOR).zip(expected.lines()) {
        let ids: Vec<u32> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let found = tokenizer.encode(text);
        all += 1;
        if found == ids {
            right += 1;
        } else {
            let message = format!("  {text:?}\n    expected {ids:?}\n    found    {found:?}");
            report(&mut std::io::stderr(), &message, ExitCode::FAILURE);
        }
    }
    Ok((right, all))
}
