//! Explanations as JSON: one entry a token, in it one a step of the sampler.
//!
//! A step that changed nothing is only marked so: what stands there is what the step before it left.

use serde_json::{Value, json};

use super::response::finite;
use crate::canonical::{Explanation, Stage, TokenLogprob};

/// The explanations of `tokens`; null if none was asked for.
pub(super) fn explain_value(tokens: &[TokenLogprob]) -> Value {
    let entries: Vec<Value> = tokens
        .iter()
        .filter_map(|token| Some(entry(&token.token, token.explanation.as_deref()?)))
        .collect();
    if entries.is_empty() { Value::Null } else { entries.into() }
}

/// Adds the explanations of `tokens` to an object, as a field of our own, if they were asked for.
pub(crate) fn insert_explanations(object: &mut Value, tokens: &[TokenLogprob]) {
    let explained = explain_value(tokens);
    if !explained.is_null() {
        object["explain"] = explained;
    }
}

fn entry(token: &str, explanation: &Explanation) -> Value {
    json!({
        "token": token,
        "id": explanation.id,
        "random": explanation.random,
        "entropy": finite(explanation.entropy),
        "stages": explanation.stages.iter().zip(0..).map(stage).collect::<Vec<_>>(),
    })
}

fn stage((stage, index): (&Stage, usize)) -> Value {
    if index > 0 && !stage.changed {
        return json!({"step": stage.step, "changed": false});
    }
    let candidates: Vec<Value> = stage
        .candidates
        .iter()
        .map(|candidate| {
            json!({
                "token": candidate.token,
                "id": candidate.id,
                "rank": candidate.rank,
                "logit": finite(candidate.logit),
                "probability": finite(candidate.probability),
            })
        })
        .collect();
    json!({
        "step": stage.step,
        "changed": stage.changed,
        "kept": stage.kept,
        "candidates": candidates,
        "rest": finite(stage.rest),
    })
}
