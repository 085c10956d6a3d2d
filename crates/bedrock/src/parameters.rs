//! Parameters of requests as data: where each stands in a body, its range, what it is when absent, what it sets.
//!
//! The readers of bodies read through these rows, and `docs/parameters.md` is written from them, so that neither can say
//! what the other does not. Each family's file holds its own rows; [`COMMON`] is what every body may carry beside them.

use serde_json::{Map, Value};

use crate::canonical::{Request, Sampling};
use crate::error::WireError;
use crate::json::{Fields, Node, Wording};
use crate::sampling::{self, EXPLAIN_MAX, TOP_LOGPROBS_MAX};

/// The least number above zero: a bound for numbers that must not be zero.
pub const ABOVE_ZERO: f32 = f32::MIN_POSITIVE;

/// One parameter of a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its key.
    pub name: &'static str,
    /// Another key for the same thing. Both may stand in a body only if they agree.
    pub older: Option<&'static str>,
    /// What it holds and sets.
    pub kind: Kind,
}

/// What a parameter holds, and what of the engine it sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A number.
    Number {
        /// What it sets.
        sets: Number,
        /// Least and greatest value.
        range: (f32, f32),
        /// What it is when absent.
        absent: Absent<f32>,
    },
    /// A whole number.
    Whole {
        /// What it sets.
        sets: Whole,
        /// Least and greatest value.
        range: (u32, u32),
        /// What it is when absent.
        absent: Absent<u32>,
    },
    /// The seed: any whole number of 64 bits. Drawn when absent.
    Seed,
    /// Texts that end the output, none of them empty. None when absent.
    Stops {
        /// Most texts.
        most: usize,
        /// Whether one text may stand without a list.
        alone: bool,
    },
    /// Token ids to what is added to their logits. None when absent.
    LogitBias,
    /// Whether log-probabilities are given, or of how many alternatives; `top_logprobs` may say how many.
    Logprobs,
    /// Of how many alternatives log-probabilities are given.
    LogprobCount,
    /// How many candidates of each step of the sampler are told, for every token. None are when absent.
    Explain,
}

/// Numbers that the engine takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the standard names; defined in docs/sampling.md")]
pub enum Number {
    Temperature,
    TopP,
    MinP,
    PresencePenalty,
    FrequencyPenalty,
    RepetitionPenalty,
}

/// Whole numbers that the engine takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// Most tokens of an answer.
    MaxTokens,
    /// top-k; 0 is off.
    TopK,
    /// Independent answers.
    Choices,
}

/// What a parameter is when a body lacks it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Absent<T> {
    /// A body must have it.
    Required,
    /// The serving model's own default, or its maximum.
    Model,
    /// Without effect.
    Off,
    /// The family's documented default.
    Is(T),
}

/// The parameters of some of a family's models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// How the base ids of those models begin. Empty for all that no other row of the family names.
    pub models: &'static str,
    /// The object of the body that holds the rows, if not the body itself.
    pub group: Option<&'static str>,
    /// The family's own parameters. They stand before [`COMMON`] ones that set the same.
    pub rows: &'static [Parameter],
}

/// What every body may carry, at its top level, whether Bedrock's own has it or not.
pub const COMMON: &[Parameter] = &[
    number(Number::MinP, "min_p", (0.0, 1.0), Absent::Off),
    Parameter { name: "seed", older: None, kind: Kind::Seed },
    number(Number::PresencePenalty, "presence_penalty", (-2.0, 2.0), Absent::Off),
    number(Number::FrequencyPenalty, "frequency_penalty", (-2.0, 2.0), Absent::Off),
    // The least is above 0, as it divides.
    number(Number::RepetitionPenalty, "repetition_penalty", (0.01, 2.0), Absent::Off),
    Parameter { name: "logit_bias", older: None, kind: Kind::LogitBias },
    Parameter { name: "explain", older: None, kind: Kind::Explain },
];

/// A row of a number.
pub(crate) const fn number(
    sets: Number,
    name: &'static str,
    range: (f32, f32),
    absent: Absent<f32>,
) -> Parameter {
    Parameter { name, older: None, kind: Kind::Number { sets, range, absent } }
}

/// A row of a whole number.
pub(crate) const fn whole(
    sets: Whole,
    name: &'static str,
    range: (u32, u32),
    absent: Absent<u32>,
) -> Parameter {
    Parameter { name, older: None, kind: Kind::Whole { sets, range, absent } }
}

/// A row of a list of at most `most` stop texts.
pub(crate) const fn stops(name: &'static str, most: usize) -> Parameter {
    Parameter { name, older: None, kind: Kind::Stops { most, alone: false } }
}

/// The same, where one text may stand alone.
pub(crate) const fn stop_or_stops(name: &'static str, most: usize) -> Parameter {
    Parameter { name, older: None, kind: Kind::Stops { most, alone: true } }
}

/// A row of log-probabilities.
pub(crate) const fn logprobs(kind: Kind) -> Parameter {
    Parameter { name: "logprobs", older: None, kind }
}

/// Reads the common parameters.
pub(crate) fn read_common(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), WireError> {
    COMMON.iter().try_for_each(|row| row.read(fields, request))
}

impl Parameters {
    /// Reads every parameter of a body, or sets what it is when absent.
    pub(crate) fn read(
        &self,
        fields: &mut Fields<'_>,
        request: &mut Request,
    ) -> Result<(), WireError> {
        self.read_with(fields, request, |_| Ok(()))
    }

    /// The same for a group that holds more than parameters; `more` reads the rest of it.
    pub(crate) fn read_with(
        &self,
        fields: &mut Fields<'_>,
        request: &mut Request,
        more: impl FnOnce(&mut Fields<'_>) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        let read_rows = |fields: &mut Fields<'_>, request: &mut Request| {
            self.rows.iter().try_for_each(|row| row.read(fields, request))?;
            more(fields)
        };
        match self.group {
            None => read_rows(fields, request)?,
            Some(group) => match fields.take(group) {
                Some(node) => node.read(|inner| read_rows(inner, request))?,
                None => {
                    let empty = Value::Object(Map::new());
                    Node::root(&empty, Wording::Native).read(|inner| read_rows(inner, request))?;
                }
            },
        }
        self.common().try_for_each(|row| row.read(fields, request))
    }

    /// The common parameters that no row of its own sets.
    pub fn common(&self) -> impl Iterator<Item = &'static Parameter> {
        COMMON.iter().filter(move |row| self.rows.iter().all(|own| own.sets() != row.sets()))
    }
}

impl Parameter {
    /// The same, with another key.
    pub(crate) const fn or(mut self, older: &'static str) -> Self {
        self.older = Some(older);
        self
    }

    /// What it sets, by the engine's name for it.
    #[must_use]
    pub fn sets(&self) -> &'static str {
        match self.kind {
            Kind::Number { sets: Number::Temperature, .. } => "temperature",
            Kind::Number { sets: Number::TopP, .. } => "top-p",
            Kind::Number { sets: Number::MinP, .. } => "min-p",
            Kind::Number { sets: Number::PresencePenalty, .. } => "presence penalty",
            Kind::Number { sets: Number::FrequencyPenalty, .. } => "frequency penalty",
            Kind::Number { sets: Number::RepetitionPenalty, .. } => "repetition penalty",
            Kind::Whole { sets: Whole::MaxTokens, .. } => "most tokens",
            Kind::Whole { sets: Whole::TopK, .. } => "top-k",
            Kind::Whole { sets: Whole::Choices, .. } => "answers",
            Kind::Seed => "seed",
            Kind::Stops { .. } => "stop texts",
            Kind::LogitBias => "logit bias",
            Kind::Logprobs | Kind::LogprobCount => "log-probabilities",
            Kind::Explain => "explanations",
        }
    }

    fn read(&self, fields: &mut Fields<'_>, request: &mut Request) -> Result<(), WireError> {
        if self.kind == Kind::Logprobs {
            request.sampling.logprobs = sampling::read_logprobs(fields)?;
            return Ok(());
        }
        match self.take(fields)? {
            Some(node) => self.set(&node, request),
            None => self.set_absent(fields, request),
        }
    }

    /// Its value, under either key.
    fn take<'a>(&self, fields: &mut Fields<'a>) -> Result<Option<Node<'a>>, WireError> {
        let node = fields.take(self.name);
        let older = self.older.and_then(|older| fields.take(older));
        match (node, older) {
            (Some(node), Some(older)) if node.value() != older.value() => {
                Err(older.error(format_args!("does not agree with {}", self.name)))
            }
            (node, older) => Ok(node.or(older)),
        }
    }

    fn set(&self, node: &Node<'_>, request: &mut Request) -> Result<(), WireError> {
        match self.kind {
            Kind::Number { sets, range: (min, max), .. } => {
                *sets.slot(&mut request.sampling) = Some(node.number(min, max)?);
            }
            Kind::Whole { sets, range: (min, max), .. } => {
                sets.set(node.integer_u32(min, max)?, request);
            }
            Kind::Seed => request.sampling.seed = Some(node.integer(0, u64::MAX)?),
            Kind::Stops { alone: true, .. } if node.value().is_string() => {
                request.stop_sequences = vec![node.text_within(1, usize::MAX)?.to_owned()];
            }
            Kind::Stops { most, .. } => {
                request.stop_sequences = sampling::read_stops(node, most)?;
            }
            Kind::LogitBias => request.sampling.logit_bias = sampling::logit_bias(node)?,
            Kind::Logprobs | Kind::LogprobCount => {
                request.sampling.logprobs = Some(node.integer_u32(0, TOP_LOGPROBS_MAX)?);
            }
            Kind::Explain => request.sampling.explain = Some(node.integer_u32(1, EXPLAIN_MAX)?),
        }
        Ok(())
    }

    fn set_absent(&self, fields: &mut Fields<'_>, request: &mut Request) -> Result<(), WireError> {
        match self.kind {
            Kind::Number { absent: Absent::Required, .. }
            | Kind::Whole { absent: Absent::Required, .. } => {
                fields.require(self.name)?;
            }
            Kind::Number { sets, absent: Absent::Is(value), .. } => {
                *sets.slot(&mut request.sampling) = Some(value);
            }
            Kind::Whole { sets, absent: Absent::Is(value), .. } => sets.set(value, request),
            _ => {}
        }
        Ok(())
    }
}

impl Number {
    fn slot(self, sampling: &mut Sampling) -> &mut Option<f32> {
        match self {
            Number::Temperature => &mut sampling.temperature,
            Number::TopP => &mut sampling.top_p,
            Number::MinP => &mut sampling.min_p,
            Number::PresencePenalty => &mut sampling.presence_penalty,
            Number::FrequencyPenalty => &mut sampling.frequency_penalty,
            Number::RepetitionPenalty => &mut sampling.repetition_penalty,
        }
    }
}

impl Whole {
    fn set(self, value: u32, request: &mut Request) {
        match self {
            Whole::MaxTokens => request.max_tokens = Some(value),
            Whole::TopK => request.sampling.top_k = Some(value),
            Whole::Choices => request.choices = value,
        }
    }
}
