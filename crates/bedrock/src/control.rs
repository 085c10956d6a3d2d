//! The control plane: ListFoundationModels and GetFoundationModel here, a file for each other group of operations.
//!
//! Shapes are those of the service model of `bedrock`, plus `contextLength`, `maxOutputTokens` and `servedBy`, which
//! Bedrock's API does not tell and SDKs ignore.

mod filter;
pub mod profiles;
mod query;
pub mod tags;

use serde_json::{Map, Value, json};

pub use filter::{Filter, InferenceType};

use crate::catalogue::{Lifecycle, Modality, Model, provider};
use crate::error::{ErrorKind, WireError};
use crate::json::Node;
use crate::model_id::foundation_model_arn;

/// A model as the operations show it: from the catalogue, or configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The provider's name.
    pub provider: String,
    /// What it takes.
    pub input: Vec<Modality>,
    /// What it gives.
    pub output: Vec<Modality>,
    /// Whether it streams.
    pub streaming: bool,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// Tokens of prompt and answer together.
    pub context: Option<u32>,
    /// Most tokens of an answer.
    pub max_output: Option<u32>,
    /// The model that really answers, if one is configured.
    pub served_by: Option<String>,
}

impl From<&Model> for Listing {
    fn from(model: &Model) -> Listing {
        Listing {
            id: model.id.to_owned(),
            name: model.name.to_owned(),
            provider: model.provider().to_owned(),
            input: model.input.to_vec(),
            output: model.output.to_vec(),
            streaming: model.streaming,
            lifecycle: model.lifecycle,
            context: model.context,
            max_output: model.max_output,
            served_by: None,
        }
    }
}

impl Listing {
    /// A configured language model that is not in the catalogue; the name is the id, and the provider that of the id's
    /// vendor, else `Outcrop`.
    #[must_use]
    pub fn configured(id: &str, context: u32, max_output: u32) -> Listing {
        Listing {
            id: id.to_owned(),
            name: id.to_owned(),
            provider: provider(id).unwrap_or("Outcrop").to_owned(),
            input: vec![Modality::Text],
            output: vec![Modality::Text],
            streaming: true,
            lifecycle: Lifecycle::Active,
            context: Some(context),
            max_output: Some(max_output),
            served_by: None,
        }
    }

    /// `FoundationModelSummary` and `FoundationModelDetails`, which have the same members. `region` goes into the ARN.
    #[must_use]
    pub fn shape(&self, region: &str) -> Value {
        let mut shape = Map::new();
        let mut put = |name: &str, value: Value| shape.insert(name.to_owned(), value);
        put("modelArn", foundation_model_arn(region, &self.id).into());
        put("modelId", self.id.clone().into());
        put("modelName", self.name.clone().into());
        put("providerName", self.provider.clone().into());
        put("inputModalities", names(&self.input));
        put("outputModalities", names(&self.output));
        put("responseStreamingSupported", self.streaming.into());
        put("customizationsSupported", json!([]));
        put("inferenceTypesSupported", json!([InferenceType::OnDemand.name()]));
        put("modelLifecycle", json!({"status": self.lifecycle.name()}));
        if let Some(context) = self.context {
            put("contextLength", context.into());
        }
        if let Some(max_output) = self.max_output {
            put("maxOutputTokens", max_output.into());
        }
        if let Some(served_by) = &self.served_by {
            put("servedBy", served_by.clone().into());
        }
        Value::Object(shape)
    }
}

fn names(modalities: &[Modality]) -> Value {
    modalities.iter().map(|modality| modality.name()).collect::<Vec<_>>().into()
}

/// The body of ListFoundationModels: every model that passes the filter, in the given order. There are no pages.
#[must_use]
pub fn list_foundation_models<'a>(
    models: impl IntoIterator<Item = &'a Listing>,
    filter: &Filter,
    region: &str,
) -> Value {
    let shown = models.into_iter().filter(|model| filter.passes(model));
    json!({"modelSummaries": shown.map(|model| model.shape(region)).collect::<Vec<_>>()})
}

/// The body of GetFoundationModel.
#[must_use]
pub fn get_foundation_model(model: &Listing, region: &str) -> Value {
    json!({"modelDetails": model.shape(region)})
}

/// The error of GetFoundationModel for an id that is nowhere.
#[must_use]
pub fn model_not_found() -> WireError {
    WireError::new(
        ErrorKind::ResourceNotFound,
        "Could not resolve the foundation model from the provided model identifier.",
    )
}

/// A text of 1 to `max` characters that is as the service model's pattern says; `fits` is that pattern.
fn matching<'a>(
    node: &Node<'a>,
    max: usize,
    pattern: &str,
    fits: impl Fn(&str) -> bool,
) -> Result<&'a str, WireError> {
    let text = node.text_within(1, max)?;
    if fits(text) {
        return Ok(text);
    }
    let modelled = format!("Member must satisfy regular expression pattern: {pattern}");
    Err(node.constraint(Some(text), &modelled, &modelled))
}

#[cfg(test)]
mod tests;
