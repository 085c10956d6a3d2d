//! Drawings of the page, as SVG inside it.

use std::fmt::Write as _;

use super::super::grid::Axis;
use super::escape;

/// Width and height of a cell of a heat map.
const CELL: (usize, usize) = (64, 28);
/// Room for the names and values of rows, and of columns.
const MARGIN: (usize, usize) = (96, 40);
/// Width and full height of a bar.
const BAR: (usize, usize) = (14, 60);
/// Widest row of bars; more of them are narrower.
const BARS_WIDTH: usize = 420;

/// A cell of a heat map.
pub(super) struct HeatCell {
    pub(super) row: usize,
    pub(super) column: usize,
    /// 0 to 1; `None` without a value.
    pub(super) shade: Option<f64>,
    pub(super) text: String,
}

/// A map with the values of one axis from above to below and of the other from left to right.
pub(super) fn heat_map(
    rows: &Axis,
    columns: &Axis,
    cells: impl Iterator<Item = HeatCell>,
) -> String {
    let width = MARGIN.0 + CELL.0 * columns.values.len();
    let height = MARGIN.1 + CELL.1 * rows.values.len();
    let mut svg = open(width, height);
    let _ = write!(svg, "<text class=\"low\" x=\"0\" y=\"34\">{}</text>", escape(rows.name));
    let _ = write!(
        svg,
        "<text class=\"low\" x=\"{}\" y=\"14\">{}</text>",
        MARGIN.0,
        escape(columns.name)
    );
    for (index, value) in rows.values.iter().enumerate() {
        let y = MARGIN.1 + CELL.1 * index + 19;
        let _ = write!(svg, "<text x=\"0\" y=\"{y}\">{}</text>", escape(value));
    }
    for (index, value) in columns.values.iter().enumerate() {
        let x = MARGIN.0 + CELL.0 * index + CELL.0 / 2;
        let _ =
            write!(svg, "<text x=\"{x}\" y=\"34\" text-anchor=\"middle\">{}</text>", escape(value));
    }
    cells.for_each(|cell| svg += &heat_cell(&cell));
    svg + "</svg>\n"
}

fn heat_cell(cell: &HeatCell) -> String {
    let (x, y) = (MARGIN.0 + CELL.0 * cell.column, MARGIN.1 + CELL.1 * cell.row);
    // Not so dark that black text could not be read.
    let opacity = cell.shade.unwrap_or(0.0) * 0.75;
    let (width, height) = (CELL.0 - 2, CELL.1 - 2);
    format!(
        "<rect class=\"heat\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"#2f81f7\" \
         fill-opacity=\"{opacity:.3}\" stroke=\"#d0d7de\"/>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
        x + CELL.0 / 2,
        y + 18,
        escape(&cell.text)
    )
}

/// Bars of these heights, the highest full; each says its number when it is pointed at.
pub(super) fn bars(counts: &[usize]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let step = BAR.0.min(BARS_WIDTH / counts.len().max(1)).max(1);
    let mut svg = open(step * counts.len(), BAR.1 + 2);
    for (index, count) in counts.iter().enumerate() {
        let height = BAR.1 * count / most;
        let (x, y, width) = (step * index, BAR.1 - height, step.saturating_sub(2).max(1));
        let _ = write!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" fill=\"#57606a\"><title>{count}</title></rect>",
            height + 1
        );
    }
    svg + "</svg>\n"
}

fn open(width: usize, height: usize) -> String {
    format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_is_full_and_the_others_are_in_proportion() {
        let svg = bars(&[0, 5, 10]);
        let heights: Vec<&str> = svg
            .split("<rect")
            .skip(1)
            .map(|rect| rect.split("height=\"").nth(1).unwrap().split('"').next().unwrap())
            .collect();
        assert_eq!(heights, ["1", "31", "61"]);
    }

    #[test]
    fn many_bars_still_fit_and_none_are_no_bars() {
        let svg = bars(&[1; 400]);
        assert!(svg.starts_with("<svg width=\"400\""), "{}", &svg[..40]);
        assert!(!bars(&[]).contains("<rect"));
    }
}
