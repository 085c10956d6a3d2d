//! The combinations to try.

use anyhow::{anyhow, bail, ensure};

use crate::cli;
use crate::presets;
use crate::settings::Settings;

/// Most answers of one call: cells times seeds.
const ANSWERS_MAX: usize = 400;
/// Most tokens of one answer; all of them wait in memory until they are read.
const TOKENS_MAX: usize = 4096;
/// Tokens of an answer if nobody says.
const TOKENS_DEFAULT: &str = "128";

/// One parameter and the values it is tried with.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// Its name among the settings.
    pub(super) name: &'static str,
    /// At least one, as settings show them.
    pub(super) values: Vec<String>,
}

/// One combination.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) settings: Settings,
    /// One a axis, in their order.
    pub(super) values: Vec<String>,
}

/// All combinations; the last axis changes first.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) axes: Vec<Axis>,
    pub(super) cells: Vec<Cell>,
    /// Answers of each cell, at least 1.
    pub(super) seeds: usize,
    pub(super) max_tokens: usize,
}

impl Grid {
    /// Reads the lists of the command line.
    ///
    /// # Errors
    /// Names the option that is wrong, and what would be right.
    pub(super) fn new(args: &cli::Tune) -> anyhow::Result<Self> {
        let base = base(args)?;
        let lists = [
            ("temperature", "--temperature", &args.axes.temperature),
            ("top_p", "--top-p", &args.axes.top_p),
            ("top_k", "--top-k", &args.axes.top_k),
            ("min_p", "--min-p", &args.axes.min_p),
            ("repetition_penalty", "--repetition-penalty", &args.axes.repetition_penalty),
        ];
        let mut axes = Vec::with_capacity(lists.len());
        for (name, option, list) in lists {
            let values = values(&base, name, list).map_err(|why| anyhow!("{option}: {why}"))?;
            axes.push(Axis { name, values });
        }
        ensure!(args.seeds > 0, "--seeds must be at least 1");
        let sizes = axes.iter().map(|axis| axis.values.len());
        let answers = sizes.fold(args.seeds, usize::saturating_mul);
        ensure!(
            answers <= ANSWERS_MAX,
            "this grid has {} combinations and {} seeds each, {answers} answers; one call makes at most {ANSWERS_MAX}",
            answers / args.seeds,
            args.seeds
        );
        let max_tokens = base.max_tokens();
        let cells = cells(&base, &axes).map_err(anyhow::Error::msg)?;
        Ok(Grid { axes, cells, seeds: args.seeds, max_tokens })
    }

    /// Axes with more than one value.
    pub(super) fn varied(&self) -> impl Iterator<Item = (usize, &Axis)> {
        self.axes.iter().enumerate().filter(|(_, axis)| axis.values.len() > 1)
    }

    /// What all cells share, as text.
    pub(super) fn fixed(&self) -> String {
        let fixed = self.axes.iter().filter(|axis| axis.values.len() == 1);
        let fixed: Vec<_> =
            fixed.map(|axis| format!("{} {}", axis.name, axis.values.join(", "))).collect();
        fixed.join(", ")
    }
}

/// The settings that every cell starts from.
fn base(args: &cli::Tune) -> anyhow::Result<Settings> {
    let mut base = Settings::default();
    let mut tokens = TOKENS_DEFAULT.to_owned();
    if let Some(name) = &args.preset {
        let preset = presets::find(name).map_err(|why| anyhow!("--preset: {why}"))?;
        base.apply(preset).map_err(anyhow::Error::msg)?;
        if let Some((_, value)) = preset.settings.iter().find(|(name, _)| *name == "max_tokens") {
            tokens = (*value).to_owned();
        }
    }
    let tokens = args.max_tokens.map_or(tokens, |asked| asked.to_string());
    base.set("max_tokens", &tokens).map_err(|why| anyhow!("--max-tokens: {why}"))?;
    if base.max_tokens() > TOKENS_MAX {
        bail!("--max-tokens is at most {TOKENS_MAX}");
    }
    Ok(base)
}

/// The values of one axis, as settings show them; the base's own if there is no list.
fn values(base: &Settings, name: &str, list: &[String]) -> Result<Vec<String>, String> {
    if list.is_empty() {
        return Ok(vec![base.get(name)?]);
    }
    let mut values: Vec<String> = Vec::with_capacity(list.len());
    for text in list {
        let mut settings = base.clone();
        settings.set(name, text.trim()).map_err(|why| format!("{text:?} is wrong: {why}"))?;
        let value = settings.get(name)?;
        if values.contains(&value) {
            return Err(format!("{value} stands in the list twice"));
        }
        values.push(value);
    }
    Ok(values)
}

fn cells(base: &Settings, axes: &[Axis]) -> Result<Vec<Cell>, String> {
    let mut cells = vec![Cell { settings: base.clone(), values: Vec::new() }];
    for axis in axes {
        let mut more = Vec::with_capacity(cells.len() * axis.values.len());
        for cell in &cells {
            for value in &axis.values {
                let mut next = cell.clone();
                next.settings.set(axis.name, value)?;
                next.values.push(value.clone());
                more.push(next);
            }
        }
        cells = more;
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Axes;

    fn list(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    fn args(temperature: &[&str], top_p: &[&str], seeds: usize) -> cli::Tune {
        let (temperature, top_p) = (list(temperature), list(top_p));
        let axes = Axes { temperature, top_p, ..Axes::default() };
        cli::Tune { axes, seeds, ..cli::Tune::default() }
    }

    #[test]
    fn every_combination_is_a_cell_once() {
        let grid = Grid::new(&args(&["0", "0.50", "1"], &["0.9", "1"], 2)).unwrap();
        let pairs: Vec<(&str, &str)> =
            grid.cells.iter().map(|c| (c.values[0].as_str(), c.values[1].as_str())).collect();
        let wanted =
            [("0", "0.9"), ("0", "1"), ("0.5", "0.9"), ("0.5", "1"), ("1", "0.9"), ("1", "1")];
        assert_eq!(pairs, wanted);
        assert_eq!(grid.cells[3].settings.sampling().temperature, 0.5);
        assert_eq!(
            grid.varied().map(|(_, axis)| axis.name).collect::<Vec<_>>(),
            ["temperature", "top_p"]
        );
        assert_eq!(grid.fixed(), "top_k 0, min_p 0, repetition_penalty 1");
    }

    #[test]
    fn a_preset_is_where_the_lists_start() {
        let creative = cli::Tune { preset: Some("creative".into()), ..args(&["0.5"], &[], 1) };
        let grid = Grid::new(&creative).unwrap();
        assert_eq!(grid.cells[0].values, ["0.5", "1", "0", "0.05", "1"]);
        assert_eq!(grid.max_tokens, 128);
        let labels = cli::Tune { preset: Some("classification".into()), ..args(&[], &[], 1) };
        assert_eq!(Grid::new(&labels).unwrap().max_tokens, 16);
        let longer = cli::Tune { max_tokens: Some(40), ..labels };
        assert_eq!(Grid::new(&longer).unwrap().max_tokens, 40);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let why = |args: &cli::Tune| format!("{:#}", Grid::new(args).unwrap_err());
        assert!(
            why(&args(&["0", "hot"], &[], 1))
                .starts_with("--temperature: \"hot\" is wrong: temperature is 0 to 2")
        );
        assert!(why(&args(&[], &["1.5"], 1)).starts_with("--top-p: \"1.5\""));
        assert_eq!(
            why(&args(&["0.5", "0.50"], &[], 1)),
            "--temperature: 0.5 stands in the list twice"
        );
        assert_eq!(why(&args(&[], &[], 0)), "--seeds must be at least 1");
        let preset = cli::Tune { preset: Some("poetry".into()), ..args(&[], &[], 1) };
        assert!(why(&preset).starts_with("--preset: there is no preset"));
        let tokens = |max_tokens| cli::Tune { max_tokens: Some(max_tokens), ..args(&[], &[], 1) };
        assert!(why(&tokens(0)).starts_with("--max-tokens: max_tokens is 1 or more"));
        assert_eq!(why(&tokens(4097)), "--max-tokens is at most 4096");
    }

    #[test]
    fn a_grid_above_the_bound_is_refused_with_its_size() {
        let many: Vec<String> = (0..20).map(|i| format!("{}", f64::from(i) / 20.0)).collect();
        let axes = Axes { temperature: many.clone(), top_p: many, ..Axes::default() };
        let grid =
            |seeds| Grid::new(&cli::Tune { axes: axes.clone(), seeds, ..cli::Tune::default() });
        assert_eq!(grid(1).unwrap().cells.len(), 400);
        let why = grid(2).unwrap_err().to_string();
        assert!(why.contains("400 combinations and 2 seeds each, 800 answers"), "{why}");
    }
}
