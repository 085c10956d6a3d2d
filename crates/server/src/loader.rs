//! How the server gets a model: the binary supplies the function, so that this crate knows no weights.

use std::sync::Arc;

use crate::config::ModelSource;

/// Makes a model ready from its source. Called on a thread that may block. The text of an error reaches the operator's
/// log, and a client only as "could not be loaded".
pub type Loader = Arc<dyn Fn(&ModelSource) -> Result<LoadedParts, String> + Send + Sync>;

/// A loaded model and its text side.
pub struct LoadedParts {
    /// The weights, ready for `engine::Engine::spawn`.
    pub model: Box<dyn engine::Model>,
    /// Its vocabulary.
    pub tokenizer: Arc<dyn engine::Tokenizer>,
    /// Its chat template, if the file has one.
    pub chat_template: Option<String>,
}
