//! What each step of the sampler made of one row of logits: for people who want to see why a token was drawn.

use crate::TokenId;

/// A step of the sampler, in the order in which they act. Definitions: `docs/sampling.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The logits as the model gave them.
    Raw,
    /// The repetition penalty.
    Repetition,
    /// The frequency and the presence penalty.
    FrequencyPresence,
    /// The bias.
    Bias,
    /// The constraint's mask.
    Constraint,
    /// The temperature.
    Temperature,
    /// Top-k.
    TopK,
    /// Top-p.
    TopP,
    /// Min-p: what it leaves is what is drawn from.
    MinP,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Step; 9] = [
        Step::Raw,
        Step::Repetition,
        Step::FrequencyPresence,
        Step::Bias,
        Step::Constraint,
        Step::Temperature,
        Step::TopK,
        Step::TopP,
        Step::MinP,
    ];

    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Step::Raw => "raw",
            Step::Repetition => "repetition_penalty",
            Step::FrequencyPresence => "frequency_presence",
            Step::Bias => "logit_bias",
            Step::Constraint => "constraint",
            Step::Temperature => "temperature",
            Step::TopK => "top_k",
            Step::TopP => "top_p",
            Step::MinP => "min_p",
        }
    }
}

/// A token that a step left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The token.
    pub token: TokenId,
    /// Its place among those left, from 1: falling logit, on ties rising id.
    pub rank: usize,
    /// Its logit after this step. Temperature and the steps after it change no logit.
    pub logit: f32,
    /// Its share of the weights of those left, `0..=1`. Before the temperature acts, weights are those of temperature 1.
    pub probability: f32,
}

/// What one step left.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Which step.
    pub step: Step,
    /// Whether it changed a logit, set a temperature other than 1, or took a token away. False for the raw logits.
    pub changed: bool,
    /// How many tokens can still be drawn.
    pub kept: usize,
    /// The most likely of them, best first; and the token drawn, last, if it is not one of those.
    pub candidates: Vec<Candidate>,
    /// Probability of all that are kept and not listed: with those of the candidates it makes 1.
    pub rest: f32,
}

/// Why a token was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// One a step, in the order of [`Step::ALL`].
    pub stages: Vec<Stage>,
    /// The random number in `[0, 1)` that chose; `None` at temperature 0, where nothing is random.
    pub random: Option<f64>,
    /// Shannon entropy of the raw distribution, in nats.
    pub entropy: f32,
}
