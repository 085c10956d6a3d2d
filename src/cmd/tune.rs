//! `outcrop tune`: parameters interact, so a grid of them is tried, with several seeds each, and what comes out is measured.
//!
//! The engine of this process answers, as in `outcrop chat`; the requests of a grid run together. The same command gives
//! the same table and the same page: nothing of the clock or the machine's speed is in them.

mod answers;
mod check;
mod grid;
mod measure;
mod page;
mod table;

use std::path::Path;

use anyhow::Context as _;

use crate::cli;
use crate::local::{Local, conversation, message};
use crate::{explain, out};
use answers::{Answer, IN_FLIGHT};
use bedrock::canonical::Role;
use check::Check;
use grid::{Cell, Grid};
use measure::{Measured, measure};

/// Everything that is shown.
struct Report<'a> {
    prompt: &'a str,
    system: Option<&'a str>,
    model: String,
    fingerprint: String,
    grid: Grid,
    /// One a cell of the grid.
    results: Vec<Outcome>,
    /// Whether answers were checked against a schema.
    checked: bool,
}

/// A cell's answers, one a seed, and what was measured on them.
struct Outcome {
    answers: Vec<Answer>,
    measured: Measured,
}

impl Report<'_> {
    /// Cells with what came out of them.
    fn rows(&self) -> impl Iterator<Item = (&Cell, &Outcome)> {
        self.grid.cells.iter().zip(&self.results)
    }
}

pub(crate) fn run(args: &cli::Tune) -> anyhow::Result<()> {
    let grid = Grid::new(args)?;
    let check = args.schema.as_deref().map(Check::read).transpose()?;
    let report = ask(args, grid, check.as_ref())?;
    out::line(&table::head(&report))?;
    out::line(&table::table(&report))?;
    if let Some(path) = &args.html {
        write(path, &page::page(&report))?;
        out::line(&format!("{} holds heat maps, distributions and all answers.", path.display()))?;
    }
    let first = report.results.first().and_then(|result| result.answers.first());
    for token in first.map_or(&[][..], |answer| &answer.explained) {
        out::line("")?;
        out::line(&explain::table(token))?;
    }
    Ok(())
}

fn ask<'a>(args: &'a cli::Tune, grid: Grid, check: Option<&Check>) -> anyhow::Result<Report<'a>> {
    let (local, _) = Local::load(&args.place, args.model.as_ref(), IN_FLIGHT)?;
    let system = args.system.as_deref();
    let request = conversation(system, vec![message(Role::User, &args.prompt)]);
    let answered = answers::generate(&local, &request, &grid, args.explain.unwrap_or(0))?;
    let outcome = |answers: Vec<Answer>| {
        let measured = measure(&answers, check);
        Outcome { answers, measured }
    };
    Ok(Report {
        prompt: &args.prompt,
        system,
        model: local.name().to_owned(),
        fingerprint: local.fingerprint().to_owned(),
        grid,
        results: answered.into_iter().map(outcome).collect(),
        checked: check.is_some(),
    })
}

fn write(path: &Path, page: &str) -> anyhow::Result<()> {
    std::fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))
}
