//! Inference profiles: CreateInferenceProfile, ListInferenceProfiles, GetInferenceProfile, DeleteInferenceProfile.
//!
//! A system-defined profile is there for every model that is served and every geo prefix; a Region lists those of its
//! own geographies. Application profiles are the caller's, in its Region.

use bedrock::control::profiles::{
    self, ListProfiles, Profile, ProfileRef, ProfileType, application_arn, profile_not_found,
};
use bedrock::control::{Listing, tags};
use bedrock::error::WireError;
use bedrock::geography::Geography;
use bedrock::model_id::{Geo, is_model_id};
use http::StatusCode;
use serde_json::json;
use store::PageToken;
use time::OffsetDateTime;

use super::control::listings;
use super::parse;
use crate::call::{Call, Outcome, Reply};
use crate::respond;
use crate::stored::profiles as stored;

/// `POST /inference-profiles`
pub(crate) async fn create_inference_profile(call: &Call) -> Outcome {
    let owner = call.caller.owner();
    let region = owner.region.to_owned();
    let wanted = parse(call, move |body| profiles::parse_create(body, &region)).await?;
    let source = &wanted.source;
    let known = match source.geo {
        Some(_) => system_model(call, &source.model_id).is_some(),
        None => call.app.registry.catalogue.has(&source.model_id),
    };
    if !known {
        return Err(tags::resource_not_found());
    }
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    let now_ms = i64::try_from(now).map_err(|_| WireError::internal())?;
    let id = stored::create(&call.app.store, owner, &wanted, now_ms).await?;
    let body = profiles::encode_created(&application_arn(owner.region, owner.account, &id));
    Ok(Reply::Whole(respond::json(StatusCode::CREATED, &body)?))
}

/// `GET /inference-profiles/{inferenceProfileIdentifier}`
pub(crate) async fn get_inference_profile(call: &Call, segment: &str) -> Outcome {
    profiles::check_get(call.parts.uri.query().unwrap_or_default())?;
    let owner = call.caller.owner();
    let found = match ProfileRef::from_segment(segment)? {
        ProfileRef::System(geo, id) => system_model(call, &id)
            .map(|model| Profile::system(geo, &model, owner.account, owner.region)),
        ProfileRef::Application { id, resource } => {
            let own = resource.is_none_or(|arn| owner.is(&arn.account, &arn.region));
            let found = if own { stored::get(&call.app.store, owner, &id).await? } else { None };
            found.map(|stored| stored.profile(owner))
        }
    };
    let profile = found.ok_or_else(profile_not_found)?;
    Ok(Reply::Whole(respond::json(StatusCode::OK, &profile.shape())?))
}

/// `DELETE /inference-profiles/{inferenceProfileIdentifier}`
pub(crate) async fn delete_inference_profile(call: &Call, segment: &str) -> Outcome {
    let owner = call.caller.owner();
    let deleted = match ProfileRef::from_segment(segment)? {
        ProfileRef::System(_, id) if system_model(call, &id).is_some() => {
            return Err(WireError::validation(
                "inferenceProfileIdentifier: a system-defined inference profile cannot be deleted.",
            ));
        }
        ProfileRef::System(..) => false,
        ProfileRef::Application { id, resource } => {
            let own = resource.is_none_or(|arn| owner.is(&arn.account, &arn.region));
            own && stored::delete(&call.app.store, owner, &id).await?
        }
    };
    if !deleted {
        return Err(profile_not_found());
    }
    Ok(Reply::Whole(respond::json(StatusCode::OK, &json!({}))?))
}

/// `GET /inference-profiles`
pub(crate) async fn list_inference_profiles(call: &Call) -> Outcome {
    let asked = ListProfiles::parse(call.parts.uri.query().unwrap_or_default())?;
    let owner = call.caller.owner();
    let kind = asked.kind.map_or("", ProfileType::name);
    let tokens = PageToken::of(&["ListInferenceProfiles", owner.account, owner.region, kind]);
    let after = Place::read(asked.next_token.as_deref(), &tokens)?;
    let limit = asked.max_results as usize;
    // One more than the page has shows whether there is another page.
    let mut found: Vec<(Place, Profile)> = Vec::new();
    if asked.kind != Some(ProfileType::Application) {
        found = system_profiles(call, &after)?;
        found.truncate(limit + 1);
    }
    let room = limit + 1 - found.len();
    if room > 0 && asked.kind != Some(ProfileType::SystemDefined) {
        let after = after.application();
        let rows = stored::page(&call.app.store, owner, after, room).await?;
        found.extend(
            rows.into_iter().map(|row| {
                (Place::Application(row.created_ms, row.id.clone()), row.profile(owner))
            }),
        );
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(place, _)| tokens.write(&place.to_string()));
    let shown: Vec<_> = found.into_iter().map(|(_, profile)| profile).collect();
    let body = profiles::encode_list(&shown, next.as_deref());
    Ok(Reply::Whole(respond::json(StatusCode::OK, &body)?))
}

/// Where a page begins: after a profile. System-defined ones come first.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Start,
    System(String),
    Application(i64, String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start => Ok(()),
            Self::System(id) => write!(f, "s {id}"),
            Self::Application(created_ms, id) => write!(f, "a {created_ms} {id}"),
        }
    }
}

impl Place {
    fn read(token: Option<&str>, tokens: &PageToken) -> Result<Self, WireError> {
        let Some(token) = token else { return Ok(Self::Start) };
        let place = tokens.read(token).map_err(|_| bad_token())?;
        let words: Vec<_> = place.split(' ').collect();
        match words[..] {
            ["s", id] => Ok(Self::System(id.to_owned())),
            ["a", created_ms, id] => {
                let created_ms = created_ms.parse().map_err(|_| bad_token())?;
                Ok(Self::Application(created_ms, id.to_owned()))
            }
            _ => Err(bad_token()),
        }
    }

    /// Time and id of the application profile that comes before the page.
    fn application(&self) -> (i64, &str) {
        match self {
            Self::Start | Self::System(_) => (i64::MIN, ""),
            Self::Application(created_ms, id) => (*created_ms, id),
        }
    }
}

fn bad_token() -> WireError {
    WireError::validation(
        "nextToken: the token is not one that this list gave, or its place in the list is gone.",
    )
}

/// System-defined profiles of the caller's Region after a place.
fn system_profiles(call: &Call, after: &Place) -> Result<Vec<(Place, Profile)>, WireError> {
    let owner = call.caller.owner();
    let models = served(call);
    let geos: Vec<Geo> = Geography::from_source(owner.region).map(|row| row.geo).collect();
    let mut profiles: Vec<_> = geos
        .iter()
        .flat_map(|geo| {
            models
                .iter()
                .map(move |model| Profile::system(*geo, model, owner.account, owner.region))
        })
        .map(|profile| (Place::System(profile.id.clone()), profile))
        .collect();
    match after {
        Place::Start => Ok(profiles),
        Place::Application(..) => Ok(Vec::new()),
        Place::System(_) => {
            let last = profiles.iter().position(|(place, _)| place == after);
            Ok(profiles.split_off(last.ok_or_else(bad_token)? + 1))
        }
    }
}

/// The model behind system-defined profiles, if it is served.
fn system_model(call: &Call, id: &str) -> Option<Listing> {
    served(call).into_iter().find(|model| model.id == id)
}

/// Models that are served and whose ids can stand in a profile's.
fn served(call: &Call) -> Vec<Listing> {
    let mut models = listings(call);
    models.retain(|model| model.served_by.is_some() && is_model_id(&model.id));
    models
}
