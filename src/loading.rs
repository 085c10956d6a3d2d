//! From a model's source to what the server and the chat need of it.

use std::sync::Arc;

use models::{LoadOptions, Pool};
use server::{LoadedParts, Loader, ModelSource};

/// A loader whose models share one pool of compute threads.
pub(crate) fn loader(threads: usize) -> Loader {
    let options = LoadOptions::new(Arc::new(Pool::new(threads)));
    Arc::new(move |source| load(source, &options))
}

fn load(source: &ModelSource, options: &LoadOptions) -> Result<LoadedParts, String> {
    let loaded = match source {
        ModelSource::BuiltIn => models::load_bytes(models::PEBBLE, options),
        ModelSource::File(path) => models::load_file(path, options),
    };
    let loaded = loaded.map_err(|error| error.to_string())?;
    Ok(LoadedParts {
        model: Box::new(loaded.model),
        tokenizer: loaded.tokenizer,
        chat_template: loaded.chat_template,
    })
}
