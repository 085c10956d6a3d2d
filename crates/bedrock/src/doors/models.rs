//! Models as OpenAI's API lists them: those that answer.

use serde_json::{Value, json};

use crate::catalogue::provider;
use crate::control::Listing;

/// The owner of a model whose id tells none.
const OWNER: &str = "Outcrop";

/// The list of models, those with something that serves them.
#[must_use]
pub fn list<'a>(models: impl IntoIterator<Item = &'a Listing>) -> Value {
    let served = models.into_iter().filter(|model| model.served_by.is_some());
    json!({"object": "list", "data": served.map(|model| one(&model.id)).collect::<Vec<_>>()})
}

/// One model. When it was made is not known.
#[must_use]
pub fn one(id: &str) -> Value {
    json!({
        "id": id,
        "object": "model",
        "created": 0,
        "owned_by": provider(id).unwrap_or(OWNER),
    })
}
