//! Explanations for a terminal: which token was drawn, and what each step of the sampler left before.

use bedrock::canonical::{Candidate, Explanation, Stage, TokenLogprob};
use comfy_table::{CellAlignment, Table};

use crate::out;

/// Characters of a line of numbered tokens.
const LINE: usize = 100;

/// The tokens of an answer with their numbers, to choose one by.
pub(crate) fn numbered(tokens: &[TokenLogprob]) -> String {
    let mut lines = vec![String::new()];
    for (number, token) in (1..).zip(tokens) {
        let piece = format!("{number}:{:?} ", token.token);
        match lines.last_mut() {
            Some(line) if line.chars().count() + piece.chars().count() <= LINE => *line += &piece,
            _ => lines.push(piece),
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n").trim_start().to_owned()
}

/// One token: a row a candidate, a column a step that changed something.
pub(crate) fn table(token: &TokenLogprob) -> String {
    let Some(told) = token.explanation.as_deref() else {
        return format!("{:?} was not explained.", token.token);
    };
    let shown: Vec<&Stage> = told
        .stages
        .iter()
        .enumerate()
        .filter(|(index, stage)| *index == 0 || stage.changed)
        .map(|(_, stage)| stage)
        .collect();
    let mut table = Table::new();
    table.load_style(out::TABLE);
    let steps = shown.iter().map(|stage| stage.step.to_owned());
    table.set_header(std::iter::once("candidate".to_owned()).chain(steps));
    for (id, text) in candidates(&shown) {
        let mark = if id == told.id { " <- drawn" } else { "" };
        let cells = shown.iter().map(|stage| probability(stage, id));
        table.add_row(std::iter::once(format!("{text:?}{mark}")).chain(cells));
    }
    let rest = shown.iter().map(|stage| percent(stage.rest));
    table.add_row(std::iter::once("all others".to_owned()).chain(rest));
    let kept = shown.iter().map(|stage| stage.kept.to_string());
    table.add_row(std::iter::once("tokens left".to_owned()).chain(kept));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n{}\n{}", headline(token, told), table.trim_fmt(), unchanged(told))
}

fn headline(token: &TokenLogprob, told: &Explanation) -> String {
    let random = match told.random {
        Some(random) => format!("random number {random:.6}"),
        None => "nothing random at temperature 0".to_owned(),
    };
    format!("{:?} (token {}), {random}, entropy {:.3} nats", token.token, told.id, told.entropy)
}

fn unchanged(told: &Explanation) -> String {
    let steps = told.stages.iter().skip(1).filter(|stage| !stage.changed);
    let steps: Vec<&str> = steps.map(|stage| stage.step).collect();
    if steps.is_empty() {
        "Every step changed something.".to_owned()
    } else {
        format!("No change by {}.", steps.join(", "))
    }
}

/// Every candidate that some stage lists, as the stages bring them.
fn candidates(stages: &[&Stage]) -> Vec<(u32, String)> {
    let mut seen: Vec<(u32, String)> = Vec::new();
    for candidate in stages.iter().flat_map(|stage| &stage.candidates) {
        if !seen.iter().any(|(id, _)| *id == candidate.id) {
            seen.push((candidate.id, candidate.token.clone()));
        }
    }
    seen
}

/// A candidate's share at a stage: unknown if it is one of those not listed, none if it is gone.
fn probability(stage: &Stage, id: u32) -> String {
    let found: Option<&Candidate> = stage.candidates.iter().find(|c| c.id == id);
    let all_listed = stage.candidates.len() as u64 == stage.kept;
    match found {
        Some(candidate) => percent(candidate.probability),
        None if all_listed => "-".to_owned(),
        None => "?".to_owned(),
    }
}

fn percent(share: f32) -> String {
    format!("{:.2}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(step: &'static str, changed: bool, shares: &[(u32, f32)]) -> Stage {
        let candidate = |(rank, &(id, probability)): (u64, &(u32, f32))| Candidate {
            token: format!("t{id}"),
            id,
            rank,
            logit: 0.0,
            probability,
        };
        let candidates: Vec<_> = (1..).zip(shares).map(candidate).collect();
        let rest = 1.0 - shares.iter().map(|(_, share)| share).sum::<f32>();
        let kept = shares.len() as u64 + u64::from(rest > 0.01) * 10;
        Stage { step, changed, kept, candidates, rest }
    }

    fn token() -> TokenLogprob {
        let stages = vec![
            stage("raw", false, &[(1, 0.5), (2, 0.25)]),
            stage("logit_bias", false, &[(1, 0.5), (2, 0.25)]),
            stage("temperature", true, &[(1, 0.6), (2, 0.3)]),
            stage("top_k", true, &[(1, 1.0)]),
        ];
        let explanation = Explanation { id: 1, stages, random: Some(0.25), entropy: 1.5 };
        TokenLogprob {
            token: "t1\u{1b}[31m".into(),
            bytes: b"t1".to_vec(),
            logprob: -0.7,
            top: Vec::new(),
            explanation: Some(Box::new(explanation)),
        }
    }

    #[test]
    fn a_table_has_a_column_for_each_step_that_changed_something() {
        let text = table(&token());
        let header = text.lines().find(|line| line.contains("candidate")).unwrap();
        let columns: Vec<&str> = header.split_whitespace().collect();
        assert_eq!(columns, ["candidate", "raw", "temperature", "top_k"]);
        let row = |name: &str| {
            let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(row("\"t1\" <-")[3..], ["50.00%", "60.00%", "100.00%"]);
        assert_eq!(row("\"t2\"")[1..], ["25.00%", "30.00%", "-"]);
        assert_eq!(row("tokens left")[2..], ["12", "12", "1"]);
        assert!(text.contains("random number 0.250000") && text.contains("1.500 nats"), "{text}");
        assert!(text.ends_with("No change by logit_bias."), "{text}");
    }

    #[test]
    fn control_characters_of_a_token_never_reach_the_terminal() {
        assert!(!table(&token()).contains('\u{1b}'));
        assert!(!numbered(&[token()]).contains('\u{1b}'));
    }

    #[test]
    fn tokens_are_numbered_from_1_on_lines_that_fit() {
        let tokens = vec![token(); 40];
        let text = numbered(&tokens);
        assert!(text.starts_with("1:\"t1") && text.contains("40:\"t1"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= LINE), "{text}");
    }
}
