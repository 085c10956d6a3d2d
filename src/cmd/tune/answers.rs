//! The answers of a grid: all requests run together, each with the seed of its number.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write as _};

use bedrock::canonical::{Event, Request, StopReason, TokenLogprob};

use super::grid::{Cell, Grid};
use crate::local::{Generation, Local, Wanted};

/// Requests that run side by side.
pub(super) const IN_FLIGHT: usize = 32;
/// Candidates a step that the shown tokens keep. All others keep one: only their entropy is wanted.
const SHOWN_CANDIDATES: u32 = 5;

/// One answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) text: String,
    /// Ids of its tokens in the model's vocabulary.
    pub(super) tokens: Vec<u32>,
    /// Of each token, the entropy of the raw distribution that it was drawn from, in nats.
    pub(super) entropies: Vec<f32>,
    /// Why it ended.
    pub(super) stop: &'static str,
    /// The first tokens with their explanations, if these are to be shown.
    pub(super) explained: Vec<TokenLogprob>,
}

/// Answers of each cell, one a seed. The first `shown` tokens of the very first answer keep their explanations.
///
/// # Errors
/// Those of prompt and engine.
pub(super) fn generate(
    local: &Local,
    request: &Request,
    grid: &Grid,
    shown: usize,
) -> anyhow::Result<Vec<Vec<Answer>>> {
    let mut jobs = grid
        .cells
        .iter()
        .enumerate()
        .flat_map(|(index, cell)| (0..grid.seeds).map(move |number| (index, cell, number)));
    let mut running: VecDeque<(usize, usize, Generation)> = VecDeque::new();
    let mut answers: Vec<Vec<Answer>> = vec![Vec::new(); grid.cells.len()];
    let mut progress = Progress::new(grid.cells.len() * grid.seeds);
    loop {
        while running.len() < IN_FLIGHT
            && let Some((index, cell, number)) = jobs.next()
        {
            let shown = if (index, number) == (0, 0) { shown } else { 0 };
            let generation = local.submit(request, wanted(cell, number, shown))?;
            running.push_back((index, shown, generation));
        }
        let Some((index, shown, generation)) = running.pop_front() else { break };
        answers[index].push(read(generation, shown)?);
        progress.one_more();
    }
    Ok(answers)
}

/// What a cell asks for. Nobody reads an answer before those ahead of it, so all of its tokens must be able to wait.
fn wanted(cell: &Cell, number: usize, shown: usize) -> Wanted {
    let mut sampling = cell.settings.sampling();
    sampling.seed = Some(number as u64 + 1);
    sampling.explain = Some(if shown > 0 { SHOWN_CANDIDATES } else { 1 });
    let max_tokens = cell.settings.max_tokens();
    // Beside the tokens, the beginning and the end.
    Wanted { sampling, max_tokens, sink_capacity: max_tokens + 2 }
}

fn read(generation: Generation, shown: usize) -> anyhow::Result<Answer> {
    let mut answer = Answer::default();
    let mut stop = StopReason::EndTurn;
    generation.read(|event| {
        match event {
            Event::Delta { text, .. } => answer.text.push_str(&text),
            Event::Logprobs { tokens, .. } => {
                tokens.into_iter().for_each(|token| answer.take(token, shown));
            }
            Event::Stop { reason, .. } => stop = reason,
            Event::BlockStart { .. } | Event::BlockStop { .. } | Event::Usage(_) => {}
        }
        Ok(())
    })?;
    answer.stop = stop.as_str();
    Ok(answer)
}

impl Answer {
    fn take(&mut self, token: TokenLogprob, shown: usize) {
        let Some(told) = token.explanation.as_deref() else { return };
        self.tokens.push(told.id);
        self.entropies.push(told.entropy);
        if self.explained.len() < shown {
            self.explained.push(token);
        }
    }
}

/// How far it is, for somebody who waits at a terminal.
struct Progress {
    done: usize,
    all: usize,
    shows: bool,
}

impl Progress {
    fn new(all: usize) -> Self {
        Progress { done: 0, all, shows: io::stderr().is_terminal() }
    }

    fn one_more(&mut self) {
        self.done += 1;
        if self.shows {
            let end = if self.done == self.all { "\n" } else { "" };
            eprint!("\r{} of {} answers{end}", self.done, self.all);
            // A terminal that takes no progress is no reason to end.
            drop(io::stderr().flush());
        }
    }
}
