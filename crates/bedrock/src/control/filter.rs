//! The query of ListFoundationModels.

use super::Listing;
use super::query::{self, one_of};
use crate::catalogue::Modality;
use crate::error::WireError;

/// How a model can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InferenceType {
    /// By its id; all that this server has.
    OnDemand,
    /// By provisioned throughput.
    Provisioned,
}

impl InferenceType {
    const ALL: [InferenceType; 2] = [InferenceType::OnDemand, InferenceType::Provisioned];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            InferenceType::OnDemand => "ON_DEMAND",
            InferenceType::Provisioned => "PROVISIONED",
        }
    }
}

/// Kinds of customisation; no model here offers any.
const CUSTOMIZATIONS: [&str; 3] = ["FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION"];
/// Longest provider name that is asked for.
const MAX_PROVIDER: usize = 63;

/// Which models ListFoundationModels shows. The default shows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The provider's name, in any case.
    pub provider: Option<String>,
    /// Whether a kind of customisation is asked for.
    pub customization: bool,
    /// An output that the model must have.
    pub output: Option<Modality>,
    /// How the model must be able to run.
    pub inference: Option<InferenceType>,
}

impl Filter {
    /// Parses the raw query. Keys that the operation does not have are ignored, as Bedrock does; of a repeated key
    /// the last value counts.
    ///
    /// # Errors
    /// All values that are not allowed, in one message in Bedrock's words.
    pub fn parse(query: &str) -> Result<Filter, WireError> {
        let mut filter = Filter::default();
        query::read(query, |name, value| filter.set(name, value))?;
        Ok(filter)
    }

    /// Sets one field, or tells the constraint that the value breaks.
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "byProvider" => {
                let plain = |each: char| each.is_ascii_alphanumeric() || matches!(each, '-' | ' ');
                if value.is_empty() || value.len() > MAX_PROVIDER || !value.chars().all(plain) {
                    return Err(
                        "Member must satisfy regular expression pattern: [A-Za-z0-9- ]{1,63}"
                            .into(),
                    );
                }
                self.provider = Some(value.to_owned());
            }
            "byCustomizationType" => {
                one_of(value, &CUSTOMIZATIONS, |kind| *kind)?;
                self.customization = true;
            }
            "byOutputModality" => {
                self.output = Some(one_of(value, &Modality::ALL, |each| each.name())?);
            }
            "byInferenceType" => {
                self.inference = Some(one_of(value, &InferenceType::ALL, |each| each.name())?);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the model is shown.
    #[must_use]
    pub fn passes(&self, model: &Listing) -> bool {
        let provider = self.provider.as_ref();
        provider.is_none_or(|provider| provider.eq_ignore_ascii_case(&model.provider))
            && self.output.is_none_or(|output| model.output.contains(&output))
            && self.inference.is_none_or(|inference| inference == InferenceType::OnDemand)
            && !self.customization
    }
}
