//! The grid in a terminal.

use comfy_table::{CellAlignment, Table};

use super::Report;
use super::measure::{MEASURES, Measure};
use crate::out;

/// Characters of the prompt that are repeated.
const SHOWN: usize = 80;

/// What all cells share.
pub(super) fn head(report: &Report<'_>) -> String {
    let grid = &report.grid;
    let (cells, seeds, tokens) = (grid.cells.len(), grid.seeds, grid.max_tokens);
    let fixed = grid.fixed();
    let shared = if fixed.is_empty() { String::new() } else { format!("In all: {fixed}.\n") };
    format!(
        "{:?}, answered by {} ({}).\n{cells} combinations, {seeds} seeds each, at most {tokens} tokens an answer. {shared}",
        cut(report.prompt),
        report.model,
        report.fingerprint,
    )
    .trim_end()
    .to_owned()
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Measures that have a value here.
pub(super) fn measures(report: &Report<'_>) -> impl Iterator<Item = &'static Measure> {
    let checked = report.checked;
    MEASURES.iter().filter(move |measure| checked || measure.name != "valid")
}

/// A row a combination: what distinguishes it, then what was measured.
pub(super) fn table(report: &Report<'_>) -> String {
    let mut table = Table::new();
    table.load_style(out::TABLE);
    let axes: Vec<(usize, &str)> =
        report.grid.varied().map(|(index, axis)| (index, axis.name)).collect();
    let names = axes.iter().map(|(_, name)| *name);
    table.set_header(names.chain(measures(report).map(|measure| measure.name)).chain(["stops"]));
    for (cell, outcome) in report.rows() {
        let values = axes.iter().map(|(index, _)| cell.values[*index].clone());
        let measured = measures(report).map(|measure| measure.show(&outcome.measured));
        table.add_row(values.chain(measured).chain([outcome.measured.stops()]));
    }
    let columns = table.column_count().saturating_sub(1);
    for column in table.column_iter_mut().take(columns) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
