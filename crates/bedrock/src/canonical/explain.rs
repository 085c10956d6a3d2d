//! Why tokens were drawn, as text. The steps and what they do: `docs/sampling.md`.

/// Why a token was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Id of the token in the serving model's vocabulary.
    pub id: u32,
    /// One a step of the sampler, in their order.
    pub stages: Vec<Stage>,
    /// The random number in `[0, 1)` that chose; `None` at temperature 0.
    pub random: Option<f64>,
    /// Shannon entropy of the raw distribution, in nats.
    pub entropy: f32,
}

/// What one step left.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The step's name: `raw`, `temperature`, …
    pub step: &'static str,
    /// Whether it changed anything.
    pub changed: bool,
    /// How many tokens can still be drawn.
    pub kept: u64,
    /// The most likely of them, best first; and the token drawn, last, if it is not one of those.
    pub candidates: Vec<Candidate>,
    /// Probability of all that are kept and not listed.
    pub rest: f32,
}

/// A token that a step left.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its text (lossy where it is part of a character).
    pub token: String,
    /// Its id in the serving model's vocabulary.
    pub id: u32,
    /// Its place among those left, from 1.
    pub rank: u64,
    /// Its logit after this step.
    pub logit: f32,
    /// Its probability among those left.
    pub probability: f32,
}
