//! The grid as one page of HTML: heat maps, distributions and all answers. It loads nothing and runs nothing.

mod svg;

use std::fmt::Write as _;

use super::grid::{Axis, Cell};
use super::measure::Measure;
use super::table::measures;
use super::{Outcome, Report};
use svg::{bars, heat_map};

/// Axes of the heat maps, in the order of the grid: rows and columns. The others make a group of maps a combination.
const ROWS: usize = 0;
const COLUMNS: usize = 1;
/// Bins of the histogram of entropies.
const BINS: u32 = 12;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>outcrop tune</title>\n<style>\n\
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #1b1f24; }\n\
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; margin: 1rem 0 .3rem; }\n\
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f8fa; padding: .6rem; margin: .4rem 0; }\n\
.maps { display: flex; flex-wrap: wrap; gap: 1.2rem; } figure { margin: 0; } figcaption { max-width: 22rem; }\n\
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th, td { padding: .15rem .5rem; text-align: right; }\n\
th { border-bottom: 1px solid #999; } td:last-child, th:last-child { text-align: left; }\n\
details { border-top: 1px solid #ddd; padding: .3rem 0; } summary { cursor: pointer; }\n\
svg text { font: 12px system-ui, sans-serif; fill: #1b1f24; } svg .low { fill: #57606a; }\n\
small { color: #57606a; }\n</style></head><body>\n";

/// The whole page.
pub(super) fn page(report: &Report<'_>) -> String {
    let mut page = HEAD.to_owned();
    page += &introduction(report);
    for group in groups(report) {
        page += &maps(report, &group);
    }
    page += "<h2>All numbers</h2>\n";
    page += &numbers(report);
    page += "<h2>Answers and distributions</h2>\n";
    let most = greatest_entropy(report);
    for (cell, outcome) in report.rows() {
        page += &answers(report, cell, outcome, most);
    }
    page + "</body></html>\n"
}

/// A text for HTML, in content and in attributes. Control characters that HTML does not allow become U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

fn introduction(report: &Report<'_>) -> String {
    let grid = &report.grid;
    let fixed = grid.fixed();
    let shared = if fixed.is_empty() { fixed } else { format!(" In all: {fixed}.") };
    let mut text = format!("<h1>outcrop tune</h1>\n<pre>{}</pre>\n", escape(report.prompt));
    if let Some(system) = report.system {
        let _ = writeln!(text, "<p>System prompt:</p><pre>{}</pre>", escape(system));
    }
    let _ = writeln!(
        text,
        "<p>Answered by {} <small>({})</small>: {} combinations, {} seeds each, at most {} tokens an answer.{}</p>",
        escape(&report.model),
        escape(&report.fingerprint),
        grid.cells.len(),
        grid.seeds,
        grid.max_tokens,
        escape(&shared),
    );
    text
}

/// The cells that share the values of all axes but those of the maps: those values, and the cells.
struct Group<'a> {
    title: String,
    cells: Vec<(&'a Cell, &'a Outcome)>,
}

fn groups<'a>(report: &'a Report<'_>) -> Vec<Group<'a>> {
    let others = |cell: &Cell| {
        let axes = report.grid.axes.iter().zip(&cell.values).skip(COLUMNS + 1);
        let varied = axes.filter(|(axis, _)| axis.values.len() > 1);
        varied.map(|(axis, value)| format!("{} {value}", axis.name)).collect::<Vec<_>>().join(", ")
    };
    let mut groups: Vec<Group<'a>> = Vec::new();
    for row in report.rows() {
        let title = others(row.0);
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.cells.push(row),
            None => groups.push(Group { title, cells: vec![row] }),
        }
    }
    groups
}

fn maps(report: &Report<'_>, group: &Group<'_>) -> String {
    let axes = (&report.grid.axes[ROWS], &report.grid.axes[COLUMNS]);
    let title = if group.title.is_empty() { "Heat maps" } else { group.title.as_str() };
    let mut text = format!("<h2>{}</h2>\n<div class=\"maps\">\n", escape(title));
    for measure in measures(report) {
        text += &map(report, group, measure, axes);
    }
    text + "</div>\n"
}

/// One measure, shaded from the least to the greatest value that it has on the page.
fn map(report: &Report<'_>, group: &Group<'_>, measure: &Measure, axes: (&Axis, &Axis)) -> String {
    let all = || report.results.iter().filter_map(move |result| (measure.get)(&result.measured));
    let (least, most) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
    let shade = |value: f64| if most > least { (value - least) / (most - least) } else { 0.0 };
    let cells = group.cells.iter().map(|(cell, outcome)| svg::HeatCell {
        row: position(axes.0, &cell.values[ROWS]),
        column: position(axes.1, &cell.values[COLUMNS]),
        shade: (measure.get)(&outcome.measured).map(shade),
        text: measure.show(&outcome.measured),
    });
    format!(
        "<figure><figcaption><b>{}</b> <small>{}</small></figcaption>\n{}</figure>\n",
        escape(measure.name),
        escape(measure.meaning),
        heat_map(axes.0, axes.1, cells),
    )
}

fn position(axis: &Axis, value: &str) -> usize {
    axis.values.iter().position(|known| known == value).unwrap_or(0)
}

fn numbers(report: &Report<'_>) -> String {
    let mut text = "<table><tr>".to_owned();
    let names = report.grid.axes.iter().map(|axis| axis.name);
    for name in names.chain(measures(report).map(|measure| measure.name)).chain(["stops"]) {
        let _ = write!(text, "<th>{}</th>", escape(name));
    }
    text += "</tr>\n";
    for (cell, outcome) in report.rows() {
        text += "<tr>";
        let values = cell.values.iter().cloned();
        let measured = measures(report).map(|measure| measure.show(&outcome.measured));
        for value in values.chain(measured).chain([outcome.measured.stops()]) {
            let _ = write!(text, "<td>{}</td>", escape(&value));
        }
        text += "</tr>\n";
    }
    text + "</table>\n"
}

fn greatest_entropy(report: &Report<'_>) -> f32 {
    let answers = report.results.iter().flat_map(|result| &result.answers);
    answers.flat_map(|answer| &answer.entropies).copied().fold(0.0, f32::max)
}

/// One cell: the lengths of its answers, the entropies of their tokens, and the answers.
fn answers(report: &Report<'_>, cell: &Cell, outcome: &Outcome, most: f32) -> String {
    let values = report.grid.axes.iter().zip(&cell.values);
    let values: Vec<_> = values.map(|(axis, value)| format!("{} {value}", axis.name)).collect();
    let lengths: Vec<usize> = outcome.answers.iter().map(|answer| answer.tokens.len()).collect();
    let entropies = outcome.answers.iter().flat_map(|answer| &answer.entropies).copied();
    let mut text = format!(
        "<details><summary>{} <small>{}</small></summary>\n<div class=\"maps\">\n\
         <figure><figcaption><small>tokens of each seed's answer</small></figcaption>{}</figure>\n\
         <figure><figcaption><small>tokens by entropy, 0 to {most:.2} nats</small></figcaption>{}</figure>\n</div>\n",
        escape(&values.join(", ")),
        escape(&outcome.measured.stops()),
        bars(&lengths),
        bars(&histogram(entropies, most)),
    );
    for (seed, answer) in (1..).zip(&outcome.answers) {
        let (tokens, stop) = (answer.tokens.len(), answer.stop);
        let _ = writeln!(
            text,
            "<h3>seed {seed} <small>{tokens} tokens, {}</small></h3><pre>{}</pre>",
            escape(stop),
            escape(&answer.text)
        );
    }
    text + "</details>\n"
}

/// How many values lie in each of the bins between 0 and `most`.
fn histogram(values: impl Iterator<Item = f32>, most: f32) -> Vec<usize> {
    let width = f64::from(most.max(f32::MIN_POSITIVE)) / f64::from(BINS);
    let mut counts: Vec<usize> = (0..BINS).map(|_| 0).collect();
    for value in values {
        let inside = |bin: &u32| f64::from(value) >= width * f64::from(*bin);
        // The greatest value is the upper end of the last bin.
        let bin = (0..BINS).rev().find(inside).unwrap_or(0);
        if let Some(count) = counts.get_mut(bin as usize) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::grid::Grid;
    use super::super::measure::measure;
    use super::super::measure::tests::answer;
    use super::*;
    use crate::cli;

    const HOSTILE: &str = "</pre><script>alert('x')</script>&\"\u{1b}[31m\u{0}";

    /// A report over two temperatures, two values of top_p and as many of top_k as given, all of whose texts are hostile.
    fn report(top_k: &[&str]) -> Report<'static> {
        let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let axes = cli::Axes {
            temperature: list(&["0", "1"]),
            top_p: list(&["0.5", "1"]),
            top_k: list(top_k),
            ..cli::Axes::default()
        };
        let grid = Grid::new(&cli::Tune { axes, seeds: 2, ..cli::Tune::default() }).unwrap();
        let results = (0..grid.cells.len())
            .map(|number| {
                let tokens: Vec<u32> = (0..5 + u32::try_from(number).unwrap()).collect();
                let answers = vec![answer(HOSTILE, &tokens, 0.5), answer("plain", &[1], 1.5)];
                let measured = measure(&answers, None);
                Outcome { answers, measured }
            })
            .collect();
        Report {
            prompt: HOSTILE,
            system: Some(HOSTILE),
            model: HOSTILE.to_owned(),
            fingerprint: HOSTILE.to_owned(),
            grid,
            results,
            checked: false,
        }
    }

    #[test]
    fn no_text_can_leave_its_place() {
        let page = page(&report(&["0"]));
        assert!(!page.contains("<script"), "a script came through");
        assert!(!page.contains('\u{1b}') && !page.contains('\u{0}'));
        let told = escape(HOSTILE);
        // Prompt, system prompt, model, fingerprint, and one answer in each of four cells.
        assert_eq!(page.matches(&told).count(), 8);
        assert_eq!(page.matches("<pre>").count(), page.matches("</pre>").count());
    }

    #[test]
    fn the_page_refers_to_nothing_outside() {
        let page = page(&report(&["0", "5"]));
        for outside in ["http", "src=", "href", "url(", "@import", "<link", "<iframe"] {
            let allowed = usize::from(outside == "http"); // `http-equiv`
            assert_eq!(page.matches(outside).count(), allowed, "{outside}");
        }
    }

    #[test]
    fn each_measure_has_a_map_in_each_group_and_each_cell_is_shown_once() {
        let report = report(&["0", "5"]);
        let (page, shown) = (page(&report), measures(&report).count());
        assert_eq!(page.matches("<figcaption><b>").count(), 2 * shown);
        assert!(page.contains("<h2>top_k 0</h2>") && page.contains("<h2>top_k 5</h2>"));
        assert_eq!(page.matches("<details>").count(), 8);
        assert_eq!(page.matches("class=\"heat\"").count(), 8 * shown);
    }

    #[test]
    fn a_histogram_counts_every_value_once() {
        let values = [0.0, 0.1, 1.0, 2.0, 3.0, 3.0];
        let counts = histogram(values.into_iter(), 3.0);
        assert_eq!(counts.iter().sum::<usize>(), values.len());
        assert_eq!((counts[0], counts[4], counts[8], counts[11]), (2, 1, 1, 2));
        assert_eq!(histogram([0.0, 0.0].into_iter(), 0.0).iter().sum::<usize>(), 2);
    }
}
