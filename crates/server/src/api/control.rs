//! The control plane: ListFoundationModels and GetFoundationModel.

use std::collections::HashMap;
use std::path::Path;

use bedrock::control::{self, Filter, Listing};
use bedrock::model_id::ModelRef;
use http::StatusCode;

use crate::call::{Call, Outcome, Reply};
use crate::config::ModelSource;
use crate::respond;

/// `GET /foundation-models`
pub(crate) fn list_foundation_models(call: &Call) -> Outcome {
    let filter = Filter::parse(call.parts.uri.query().unwrap_or_default())?;
    let listings = listings(call);
    let body = control::list_foundation_models(&listings, &filter, &call.caller.region);
    Ok(Reply::Whole(respond::json(StatusCode::OK, &body)?))
}

/// `GET /foundation-models/{modelIdentifier}`
pub(crate) fn get_foundation_model(call: &mut Call, segment: &str) -> Outcome {
    let reference = ModelRef::from_segment(segment)?;
    let id = reference.base_id().ok_or_else(control::model_not_found)?;
    id.clone_into(&mut call.record.model);
    let listing = listings(call).into_iter().find(|listing| listing.id == id);
    let listing = listing.ok_or_else(control::model_not_found)?;
    let body = control::get_foundation_model(&listing, &call.caller.region);
    Ok(Reply::Whole(respond::json(StatusCode::OK, &body)?))
}

pub(super) fn listings(call: &Call) -> Vec<Listing> {
    let registry = &call.app.registry;
    let loaded: HashMap<_, _> = registry
        .loaded()
        .into_iter()
        .map(|(source, serving)| (source, serving.name.clone()))
        .collect();
    // A path on the server's disk is no business of a client.
    registry.catalogue.listings(|source| match (loaded.get(&source.to_string()), source) {
        (Some(name), _) => name.clone(),
        (None, ModelSource::File(path)) => file_name(path),
        (None, ModelSource::BuiltIn) => "built-in".to_owned(),
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
