//! Model identifiers of requests: what the registry knows by itself, and the application profiles of the caller.

use bedrock::control::profiles::profile_not_found;
use bedrock::error::WireError;
use bedrock::model_id::{ModelRef, is_short_id};

use crate::call::Call;
use crate::registry::Asked;
use crate::stored::profiles;

/// What serves a model identifier, given as the raw path segment; the call's record tells its base id from then on.
///
/// # Errors
/// As `Catalogue::resolve`; `ResourceNotFoundException` for an application profile that the caller does not own.
pub(crate) async fn resolve(call: &mut Call, segment: &str) -> Result<Asked, WireError> {
    let catalogue = &call.app.registry.catalogue;
    let owner = call.caller.owner();
    let reference = ModelRef::from_segment(segment)?;
    let profile = match &reference {
        ModelRef::ApplicationProfile(arn) => {
            let stored = if owner.is(&arn.account, &arn.region) {
                profiles::get(&call.app.store, owner, &arn.id).await?
            } else {
                None
            };
            Some(stored.ok_or_else(profile_not_found)?)
        }
        // A bare id looks like a model's; a model of that name comes first.
        ModelRef::Model { id, region: None } if is_short_id(id) && !catalogue.has(id) => {
            profiles::get(&call.app.store, owner, id).await?
        }
        _ => None,
    };
    let asked = match profile {
        Some(profile) => catalogue.serve(&profile.source.model_id),
        None => catalogue.resolve(&reference),
    }?;
    call.record.model.clone_from(&asked.id);
    Ok(asked)
}
