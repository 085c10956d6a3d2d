//! Model identifiers to what serves them.

use std::collections::BTreeMap;

use bedrock::canonical;
use bedrock::catalogue;
use bedrock::control::Listing;
use bedrock::error::WireError;
use bedrock::family::{Family, Task};
use bedrock::model_id::{ModelIdError, ModelRef};

use crate::config::{Config, ModelSource};

/// What the configuration and the well-known models say about ids.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    default_model: ModelSource,
    configured: BTreeMap<String, ModelSource>,
}

/// A model id that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The base id, without geographic prefix.
    pub(crate) id: String,
    /// What serves it.
    pub(crate) source: ModelSource,
    /// The shape of its native bodies, if its vendor is known.
    pub(crate) family: Option<Family>,
    /// Most tokens that an answer of this id may have.
    pub(crate) max_output: Option<u32>,
}

impl Catalogue {
    pub(crate) fn new(config: &Config) -> Self {
        Self { default_model: config.default_model.clone(), configured: config.models.clone() }
    }

    /// What serves a model identifier. Of application profiles it knows nothing: see `api::model`.
    ///
    /// # Errors
    /// Bedrock's own ValidationException for an id that is nowhere; one that says what to configure for an id that no
    /// language model can stand for.
    pub(crate) fn resolve(&self, reference: &ModelRef) -> Result<Asked, WireError> {
        self.serve(reference.base_id().ok_or_else(|| unsupported(reference.kind()))?)
    }

    /// What serves a base id, without geographic prefix.
    ///
    /// # Errors
    /// As [`Catalogue::resolve`].
    pub(crate) fn serve(&self, id: &str) -> Result<Asked, WireError> {
        let known = catalogue::find(id);
        let source = match (self.configured.get(id), known) {
            (Some(source), _) => source,
            (None, Some(model)) if model.generates_text() => &self.default_model,
            (None, Some(model)) => return Err(not_text(id, model.task())),
            (None, None) => return Err(ModelIdError::Invalid.into()),
        };
        Ok(Asked {
            id: id.to_owned(),
            source: source.clone(),
            family: Family::of(id),
            max_output: known.and_then(|model| model.max_output),
        })
    }

    /// Whether a base id is that of a model, served or not.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.configured.contains_key(id) || catalogue::find(id).is_some()
    }

    /// Every model as the control plane shows it: the well-known ones, then configured ones of other names.
    pub(crate) fn listings(&self, name_of: impl Fn(&ModelSource) -> String) -> Vec<Listing> {
        let mut listings: Vec<_> = catalogue::all().iter().map(Listing::from).collect();
        for listing in &mut listings {
            let aliased =
                catalogue::find(&listing.id).is_some_and(catalogue::Model::generates_text);
            let source =
                self.configured.get(&listing.id).or(aliased.then_some(&self.default_model));
            listing.served_by = source.map(&name_of);
        }
        let own = self.configured.iter().filter(|(id, _)| catalogue::find(id).is_none());
        listings.extend(own.map(|(id, source)| {
            let mut listing = Listing::configured(id, 0, 0);
            (listing.context, listing.max_output) = (None, None);
            listing.served_by = Some(name_of(source));
            listing
        }));
        listings
    }

    /// How many well-known text models the default model stands for.
    pub(crate) fn aliases(&self) -> usize {
        let text = catalogue::all().iter().filter(|model| model.generates_text());
        text.filter(|model| !self.configured.contains_key(model.id)).count()
    }
}

impl Asked {
    /// Checks the tokens asked for against the limit of the id.
    ///
    /// # Errors
    /// Bedrock's own ValidationException.
    pub(crate) fn check_max_tokens(&self, request: &canonical::Request) -> Result<(), WireError> {
        match (request.max_tokens, self.max_output) {
            (Some(asked), Some(limit)) if asked > limit => Err(WireError::validation(format!(
                "The maximum tokens you requested exceeds the model limit of {limit}. Try again with a maximum tokens \
                 value lower than {limit}."
            ))),
            (Some(_) | None, Some(_) | None) => Ok(()),
        }
    }
}

fn unsupported(kind: &str) -> WireError {
    WireError::validation(format!(
        "The provided model identifier names a resource of kind '{kind}', which this server does not serve. Use a \
         foundation model's id, its ARN or an inference profile."
    ))
}

fn not_text(id: &str, task: Task) -> WireError {
    let what = match task {
        Task::Text => "a text model",
        Task::Embedding => "an embedding model",
        Task::Rerank => "a rerank model",
        Task::Image => "an image model",
        Task::Video | Task::VideoText => "a video model",
        Task::Speech => "a speech model",
    };
    WireError::validation(format!(
        "The model {id} is {what}, and none is configured: a language model is never put in its place. To serve the id \
         with a text model all the same, name a GGUF file for it under [models] in the configuration."
    ))
}
