//! `docs/parameters.md`, written from the table.

use std::fmt::Write as _;

use bedrock::families;
use bedrock::parameters::{ABOVE_ZERO, Absent, COMMON, Kind, Parameter};

const HEAD: &str = "\
# Parameters of the native bodies

Written by `cargo run --release -p outcrop-bedrock --example parameters > docs/parameters.md` from the rows that the
readers themselves use; a test holds this page to them, and each row to what the engine is given. A value out of range is
refused with its field and bound; `null` is the same as absent. *Model* is the serving model's own default, or its
maximum. What each does: `sampling.md`. Converse's parameters: `bodies.md`.

## Every body

At the top level of any native body, unless the family's own table below sets the same.

";

/// The page.
pub(crate) fn markdown() -> String {
    let mut page = HEAD.to_owned();
    table(&mut page, None, COMMON);
    let mut last = None;
    for (family, parameters) in families::parameters() {
        if last.replace(family) != Some(family) {
            let _ = write!(page, "\n## {}\n", family.name());
        }
        page.push('\n');
        if !parameters.models.is_empty() {
            let _ = write!(page, "Models whose ids begin with `{}`:\n\n", parameters.models);
        }
        table(&mut page, parameters.group, parameters.rows);
    }
    page
}

fn table(page: &mut String, group: Option<&str>, rows: &[Parameter]) {
    page.push_str("| sets | key | values | when absent |\n|---|---|---|---|\n");
    for row in rows {
        let key = |name: &str| match group {
            Some(group) => format!("`{group}.{name}`"),
            None => format!("`{name}`"),
        };
        let mut keys = key(row.name);
        if let Some(older) = row.older {
            let _ = write!(keys, " or {}", key(older));
        }
        let _ = writeln!(page, "| {} | {keys} | {} | {} |", row.sets(), values(row), absent(row));
    }
}

fn values(row: &Parameter) -> String {
    match row.kind {
        Kind::Number { range: (ABOVE_ZERO, max), .. } => format!("above 0, to {max}"),
        Kind::Number { range: (min, max), .. } => format!("{min} to {max}").replace('-', "−"),
        Kind::Whole { range: (min, u32::MAX), .. } => format!("at least {min}"),
        Kind::Whole { range: (min, max), .. } => format!("{} to {}", grouped(min), grouped(max)),
        Kind::Seed => "0 to 2⁶⁴ − 1".to_owned(),
        Kind::Stops { most, alone: false } => format!("at most {most} texts"),
        Kind::Stops { most, alone: true } => format!("a text, or at most {most}"),
        Kind::LogitBias => "token id to −100 to 100, at most 1024 entries".to_owned(),
        Kind::Logprobs => "a boolean with `top_logprobs` 0 to 20, or that number".to_owned(),
        Kind::LogprobCount => "0 to 20".to_owned(),
        Kind::Explain => "1 to 20".to_owned(),
    }
}

fn absent(row: &Parameter) -> String {
    match row.kind {
        Kind::Number { absent, .. } => told(absent, |value| value.to_string()),
        Kind::Whole { absent, .. } => told(absent, grouped),
        Kind::Seed => "drawn".to_owned(),
        Kind::Stops { .. } | Kind::LogitBias => "none".to_owned(),
        Kind::Logprobs | Kind::LogprobCount | Kind::Explain => "off".to_owned(),
    }
}

fn told<T>(absent: Absent<T>, show: impl Fn(T) -> String) -> String {
    match absent {
        Absent::Required => "refused".to_owned(),
        Absent::Model => "*model*".to_owned(),
        Absent::Off => "off".to_owned(),
        Absent::Is(value) => show(value),
    }
}

/// Digits in groups of three.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
