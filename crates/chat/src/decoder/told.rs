//! What the engine tells of a token, with the texts of the tokens in it.

use bedrock::canonical::{Candidate, Explanation, Stage, TokenLogprob};
use engine::{TokenId, Tokenizer};

/// The log-probabilities of a token, and why it was drawn if that was asked for.
pub(super) fn entry(tokenizer: &dyn Tokenizer, logprob: &engine::TokenLogprob) -> TokenLogprob {
    let text = |id: TokenId| {
        let bytes = tokenizer.token_bytes(id).to_vec();
        (String::from_utf8_lossy(&bytes).into_owned(), bytes)
    };
    let (token, bytes) = text(logprob.token);
    let top = logprob.top.iter().map(|&(id, value)| {
        let (token, bytes) = text(id);
        (token, bytes, value)
    });
    let explanation = logprob.explanation.as_deref();
    let explanation = explanation.map(|told| Box::new(explain(tokenizer, logprob.token, told)));
    TokenLogprob { token, bytes, logprob: logprob.logprob, top: top.collect(), explanation }
}

/// An explanation with the tokens' texts.
fn explain(tokenizer: &dyn Tokenizer, id: TokenId, told: &engine::Explanation) -> Explanation {
    let candidate = |candidate: &engine::Candidate| Candidate {
        token: String::from_utf8_lossy(tokenizer.token_bytes(candidate.token)).into_owned(),
        id: candidate.token,
        rank: candidate.rank as u64,
        logit: candidate.logit,
        probability: candidate.probability,
    };
    let stage = |stage: &engine::Stage| Stage {
        step: stage.step.name(),
        changed: stage.changed,
        kept: stage.kept as u64,
        candidates: stage.candidates.iter().map(candidate).collect(),
        rest: stage.rest,
    };
    let stages = told.stages.iter().map(stage).collect();
    Explanation { id, stages, random: told.random, entropy: told.entropy }
}
