//! Well-known Bedrock models as data: what ListFoundationModels shows and what limits a request has.
//!
//! A row is a model's public facts, not a promise that this server runs it: which ids are served, and by what, is the
//! caller's configuration.

mod models;

use crate::family::{Family, Task};

/// A kind of input or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "Bedrock's own names")]
pub enum Modality {
    Text,
    Image,
    Embedding,
    Video,
    Speech,
}

impl Modality {
    /// Every kind, in Bedrock's order.
    pub const ALL: [Modality; 5] =
        [Modality::Text, Modality::Image, Modality::Embedding, Modality::Video, Modality::Speech];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Modality::Text => "TEXT",
            Modality::Image => "IMAGE",
            Modality::Embedding => "EMBEDDING",
            Modality::Video => "VIDEO",
            Modality::Speech => "SPEECH",
        }
    }
}

/// Where a model is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifecycle {
    /// Current.
    Active,
    /// Announced to end, or ended.
    Legacy,
}

impl Lifecycle {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Lifecycle::Active => "ACTIVE",
            Lifecycle::Legacy => "LEGACY",
        }
    }
}

/// One well-known model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its base id, for example `anthropic.claude-3-haiku-20240307-v1:0`.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What it takes.
    pub input: &'static [Modality],
    /// What it gives.
    pub output: &'static [Modality],
    /// Tokens of prompt and answer together, for models that take text.
    pub context: Option<u32>,
    /// Most tokens of an answer, for models that generate text.
    pub max_output: Option<u32>,
    /// Whether it streams.
    pub streaming: bool,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
}

/// The part of an id before its first dot, and the provider's name.
const PROVIDERS: &[(&str, &str)] = &[
    ("ai21", "AI21 Labs"),
    ("amazon", "Amazon"),
    ("anthropic", "Anthropic"),
    ("cohere", "Cohere"),
    ("deepseek", "DeepSeek"),
    ("google", "Google"),
    ("luma", "Luma AI"),
    ("meta", "Meta"),
    ("minimax", "MiniMax"),
    ("mistral", "Mistral AI"),
    ("moonshot", "Moonshot AI"),
    ("moonshotai", "Moonshot AI"),
    ("nvidia", "NVIDIA"),
    ("openai", "OpenAI"),
    ("qwen", "Qwen"),
    ("stability", "Stability AI"),
    ("twelvelabs", "TwelveLabs"),
    ("writer", "Writer"),
    ("xai", "xAI"),
    ("zai", "Z.AI"),
];

/// Every model, by vendor and then as Bedrock lists them.
#[must_use]
pub fn all() -> &'static [Model] {
    models::MODELS
}

/// The model with this base id (no geo prefix).
#[must_use]
pub fn find(base_id: &str) -> Option<&'static Model> {
    all().iter().find(|model| model.id == base_id)
}

/// The provider's name of a base id, if its vendor is known.
#[must_use]
pub fn provider(base_id: &str) -> Option<&'static str> {
    let (vendor, _) = base_id.split_once('.')?;
    PROVIDERS.iter().find(|(known, _)| *known == vendor).map(|(_, name)| *name)
}

impl Model {
    /// The provider's name.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        provider(self.id).unwrap_or_default()
    }

    /// The native shape that it speaks; every row has one.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        Family::of(self.id)
    }

    /// Whether it generates text from text, so that a language model can stand for it.
    #[must_use]
    pub fn generates_text(&self) -> bool {
        self.family().is_some_and(Family::generates_text)
    }

    /// What it does; text where the family is unknown.
    #[must_use]
    pub fn task(&self) -> Task {
        self.family().map_or(Task::Text, Family::task)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model_id::{Geo, ModelRef, is_model_id};

    #[test]
    fn ids_are_unique_and_bedrock_ids() {
        let mut seen = HashSet::new();
        for model in all() {
            let id = model.id;
            assert!(seen.insert(id), "{id} stands twice");
            assert!(is_model_id(id) && id.len() <= 140, "{id}");
            assert!(Geo::split(id).is_none(), "{id} has a geo prefix");
            assert_eq!(ModelRef::parse(id).unwrap().base_id(), Some(id));
            assert_eq!(find(id), Some(model));
            assert!(!model.name.is_empty() && !model.provider().is_empty(), "{id}");
        }
        assert!((100..=200).contains(&all().len()), "{}", all().len());
        assert_eq!(find("anthropic.claude"), None);
    }

    #[test]
    fn every_model_has_a_family_that_fits_its_modalities() {
        for model in all() {
            let family = model.family().unwrap_or_else(|| panic!("{} has no family", model.id));
            let output = match family.task() {
                Task::Text | Task::Rerank | Task::VideoText => Modality::Text,
                Task::Embedding => Modality::Embedding,
                Task::Image => Modality::Image,
                Task::Video => Modality::Video,
                Task::Speech => Modality::Speech,
            };
            assert!(model.output.contains(&output), "{}", model.id);
            let generates = model.generates_text();
            assert_eq!(model.max_output.is_some(), generates, "{}", model.id);
            assert!(!generates || model.input.contains(&Modality::Text), "{}", model.id);
            assert!(!generates || model.streaming, "{}", model.id);
        }
    }

    #[test]
    fn an_answer_fits_the_context() {
        for model in all().iter().filter(|model| model.generates_text()) {
            let (context, output) = (model.context.unwrap(), model.max_output.unwrap());
            assert!(output >= 2048 && context >= 4096 && output <= context, "{}", model.id);
        }
    }

    #[test]
    fn each_kind_of_model_that_is_never_aliased_is_listed() {
        let tasks = [Task::Embedding, Task::Rerank, Task::Image, Task::Video, Task::Speech];
        for task in tasks {
            assert!(all().iter().any(|model| model.task() == task), "{task:?}");
        }
    }

    #[test]
    fn providers_have_bedrocks_names() {
        assert_eq!(provider("ai21.jamba-1-5-mini-v1:0"), Some("AI21 Labs"));
        assert_eq!(provider("Qwen/Qwen3-8B"), None);
        assert_eq!(provider("nobody.model"), None);
    }
}
