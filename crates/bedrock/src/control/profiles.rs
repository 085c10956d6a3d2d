//! Inference profiles: CreateInferenceProfile, GetInferenceProfile, ListInferenceProfiles, DeleteInferenceProfile.
//!
//! A system-defined profile is a geo prefix before a model's id; an application profile is a copy of one, or of a model
//! in one Region, that an account made under a name and tags of its own.
//! Source: the service model of `bedrock`.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::tags::{Tag, read_tags};
use super::{Listing, matching, query};
use crate::error::{ErrorKind, WireError};
use crate::geography::Geography;
use crate::json::{self, Node, Wording};
use crate::model_id::{Geo, ModelRef, Resource, decode_segment, foundation_model_arn};

/// Most application profiles of an account in a Region: Bedrock's default quota.
pub const MAX_PROFILES: u32 = 1000;
/// Longest identifier of a profile.
const MAX_IDENTIFIER: usize = 2048;
const MAX_NAME: usize = 64;
const MAX_DESCRIPTION: usize = 200;
const MAX_REQUEST_TOKEN: usize = 256;
const MAX_SOURCE: usize = 2048;
const SOURCE_PATTERN: &str = "arn:aws(|-us-gov|-cn|-iso|-iso-b):bedrock:(|[0-9a-z-]{0,20}):(|[0-9]{12}):\
    (inference-profile|foundation-model)/[a-zA-Z0-9-:.]+";
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Who made a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileType {
    /// Bedrock: a geo prefix and a model's id.
    SystemDefined,
    /// An account.
    Application,
}

impl ProfileType {
    const ALL: [ProfileType; 2] = [ProfileType::SystemDefined, ProfileType::Application];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ProfileType::SystemDefined => "SYSTEM_DEFINED",
            ProfileType::Application => "APPLICATION",
        }
    }
}

/// What an application profile was copied from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileSource {
    /// The base id of the model.
    pub model_id: String,
    /// The prefix, if it was a system-defined profile.
    pub geo: Option<Geo>,
}

impl ProfileSource {
    /// The ARNs of its models: one for each Region that it leads to. `region` is the source Region.
    #[must_use]
    pub fn model_arns(&self, region: &str) -> Vec<String> {
        let regions = match self.geo {
            Some(geo) => Geography::of(geo).regions,
            None => &[region],
        };
        regions.iter().map(|region| foundation_model_arn(region, &self.model_id)).collect()
    }
}

/// CreateInferenceProfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateProfile {
    /// Its name for people; several profiles may have the same.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The call's own name: a second call of the same name makes no second profile.
    pub request_token: Option<String>,
    /// What it copies.
    pub source: ProfileSource,
    /// Its first tags. No key stands twice.
    pub tags: Vec<Tag>,
}

impl CreateProfile {
    /// A digest of everything but the token: what has to be the same when a call is repeated. 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let geo = self.source.geo.map(|geo| geo.to_string());
        let mut tags: Vec<_> = self.tags.iter().map(|tag| (&tag.key, &tag.value)).collect();
        tags.sort();
        let all = json!([self.name, self.description, self.source.model_id, geo, tags]);
        hex::encode(Sha256::digest(all.to_string()))
    }
}

/// Reads the body of CreateInferenceProfile. `region` is the source Region.
///
/// # Errors
/// A ValidationException that names the field.
pub fn parse_create(body: &[u8], region: &str) -> Result<CreateProfile, WireError> {
    let value = json::parse(body)?;
    Node::root(&value, Wording::Modelled).read(|fields| {
        let name = fields.require("inferenceProfileName")?;
        let name = matching(&name, MAX_NAME, "([0-9a-zA-Z][ _-]?)+", |text| is_spaced(text, ""))?;
        let description = fields.take("description").map(|node| {
            matching(&node, MAX_DESCRIPTION, "([0-9a-zA-Z:.][ _-]?)+", |text| is_spaced(text, ":."))
                .map(str::to_owned)
        });
        let request_token = fields.take("clientRequestToken").map(|node| {
            let pattern = "[a-zA-Z0-9]([-a-zA-Z0-9]{0,254}[a-zA-Z0-9])?";
            matching(&node, MAX_REQUEST_TOKEN, pattern, is_request_token).map(str::to_owned)
        });
        let (_, source) = fields.require("modelSource")?.member(&["copyFrom"])?;
        Ok(CreateProfile {
            name: name.to_owned(),
            description: description.transpose()?,
            request_token: request_token.transpose()?,
            source: read_source(&source, region)?,
            tags: fields.take("tags").map_or(Ok(Vec::new()), |node| read_tags(&node))?,
        })
    })
}

/// Letters, digits and `others`, each followed by at most one space, underscore or hyphen.
fn is_spaced(text: &str, others: &str) -> bool {
    let mut after_letter = false;
    text.chars().all(|each| {
        let letter = each.is_ascii_alphanumeric() || others.contains(each);
        let good = letter || after_letter && matches!(each, ' ' | '_' | '-');
        after_letter = letter;
        good
    })
}

fn is_request_token(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    text.bytes().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

fn read_source(node: &Node<'_>, region: &str) -> Result<ProfileSource, WireError> {
    let text = node.text_within(1, MAX_SOURCE)?;
    let (source, named) = match ModelRef::parse(text) {
        Ok(ModelRef::Model { id, region: Some(named) }) => {
            (ProfileSource { model_id: id, geo: None }, named)
        }
        Ok(ModelRef::SystemProfile { geo, id, resource: Some(Resource { region, .. }) }) => {
            (ProfileSource { model_id: id, geo: Some(geo) }, region)
        }
        Ok(_) | Err(_) => {
            let modelled =
                format!("Member must satisfy regular expression pattern: {SOURCE_PATTERN}");
            return Err(node.constraint(Some(text), &modelled, &modelled));
        }
    };
    if named != region {
        return Err(node.error(format_args!(
            "the ARN names the Region {named}, but the profile is made in {region}"
        )));
    }
    Ok(source)
}

/// What stands in `inferenceProfileIdentifier`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileRef {
    /// A system-defined profile, by id or ARN.
    System(Geo, String),
    /// An application profile, by its bare id or by its ARN.
    Application {
        /// The profile's id.
        id: String,
        /// Region and account of the ARN, if it was one.
        resource: Option<Resource>,
    },
}

impl ProfileRef {
    /// Decodes and parses a path segment.
    ///
    /// # Errors
    /// It is empty, too long, has characters that no profile has, or is the ARN of something else.
    pub fn from_segment(raw: &str) -> Result<ProfileRef, WireError> {
        let invalid =
            || WireError::validation("The provided inference profile identifier is invalid.");
        if raw.len() > 3 * MAX_IDENTIFIER {
            return Err(invalid());
        }
        let text = decode_segment(raw).map_err(|_| invalid())?;
        if text.contains(['/', '_']) && !text.starts_with("arn:") {
            return Err(invalid());
        }
        match ModelRef::parse(&text).map_err(|_| invalid())? {
            ModelRef::SystemProfile { geo, id, .. } => Ok(ProfileRef::System(geo, id)),
            ModelRef::ApplicationProfile(resource) => {
                Ok(ProfileRef::Application { id: resource.id.clone(), resource: Some(resource) })
            }
            ModelRef::Model { id, region: None } => {
                Ok(ProfileRef::Application { id, resource: None })
            }
            _ => Err(invalid()),
        }
    }
}

/// The error for a profile that is nowhere, or another's.
#[must_use]
pub fn profile_not_found() -> WireError {
    WireError::not_found(
        "The requested inference profile was not found. Check its id or ARN, the account and the Region, and try your \
         request again.",
    )
}

/// The error for a request token whose first call asked for something else.
#[must_use]
pub fn token_conflict() -> WireError {
    WireError::new(
        ErrorKind::Conflict,
        "clientRequestToken: an earlier request with this token had other parameters.",
    )
}

/// The error for one profile more than [`MAX_PROFILES`].
#[must_use]
pub fn too_many_profiles() -> WireError {
    WireError::new(
        ErrorKind::ServiceQuotaExceeded,
        format!(
            "The account has reached the limit of {MAX_PROFILES} application inference profiles in this Region."
        ),
    )
}

/// Refuses what GetInferenceProfile's query may hold and this server does not serve.
///
/// # Errors
/// `projectIdentifier` is set.
pub fn check_get(query: &str) -> Result<(), WireError> {
    query::read(query, |name, _| refuse_project(name))
}

fn refuse_project(name: &str) -> Result<(), String> {
    match name {
        "projectIdentifier" => Err("projects are not supported by this server".to_owned()),
        _ => Ok(()),
    }
}

/// ListInferenceProfiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListProfiles {
    /// Profiles on a page; as many as a page may have if none is asked for.
    pub max_results: u32,
    /// Where the page begins.
    pub next_token: Option<String>,
    /// The type asked for; both if none is.
    pub kind: Option<ProfileType>,
}

impl ListProfiles {
    /// Parses the raw query.
    ///
    /// # Errors
    /// All values that are not allowed, in one message in Bedrock's words.
    pub fn parse(query: &str) -> Result<ListProfiles, WireError> {
        let mut list =
            ListProfiles { max_results: query::MAX_RESULTS, next_token: None, kind: None };
        query::read(query, |name, value| {
            match name {
                "maxResults" => list.max_results = query::max_results(value)?,
                "nextToken" => list.next_token = Some(query::next_token(value)?),
                "type" => {
                    list.kind = Some(query::one_of(value, &ProfileType::ALL, |kind| kind.name())?);
                }
                _ => refuse_project(name)?,
            }
            Ok(())
        })?;
        Ok(list)
    }
}

/// A profile as the operations show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// ARNs of the models that it leads to.
    pub models: Vec<String>,
    /// When it was made, in milliseconds since 1970; nobody made a system-defined one.
    pub created_ms: Option<i64>,
    /// Who made it.
    pub kind: ProfileType,
}

impl Profile {
    /// A system-defined profile of a model, as an account sees it in a Region.
    #[must_use]
    pub fn system(geo: Geo, model: &Listing, account: &str, region: &str) -> Profile {
        let geography = Geography::of(geo);
        let id = format!("{geo}.{}", model.id);
        let source = ProfileSource { model_id: model.id.clone(), geo: Some(geo) };
        Profile {
            arn: format!("arn:aws:bedrock:{region}:{account}:inference-profile/{id}"),
            id,
            name: format!("{} {}", geography.name, model.name),
            description: Some(format!(
                "Routes requests to {} in {}.",
                model.name,
                geography.regions.join(", ")
            )),
            models: source.model_arns(region),
            created_ms: None,
            kind: ProfileType::SystemDefined,
        }
    }

    /// `InferenceProfileSummary` and the response of GetInferenceProfile, which have the same members.
    #[must_use]
    pub fn shape(&self) -> Value {
        let mut shape = Map::new();
        let mut put = |name: &str, value: Value| shape.insert(name.to_owned(), value);
        put("inferenceProfileName", self.name.clone().into());
        if let Some(description) = &self.description {
            put("description", description.clone().into());
        }
        if let Some(time) = self.created_ms.and_then(timestamp) {
            put("createdAt", time.clone().into());
            put("updatedAt", time.into());
        }
        put("inferenceProfileArn", self.arn.clone().into());
        let models: Vec<_> = self.models.iter().map(|arn| json!({"modelArn": arn})).collect();
        put("models", models.into());
        put("inferenceProfileId", self.id.clone().into());
        put("status", "ACTIVE".into());
        put("type", self.kind.name().into());
        Value::Object(shape)
    }
}

/// The ARN of an application profile.
#[must_use]
pub fn application_arn(region: &str, account: &str, id: &str) -> String {
    format!("arn:aws:bedrock:{region}:{account}:application-inference-profile/{id}")
}

/// The body of CreateInferenceProfile's response.
#[must_use]
pub fn encode_created(arn: &str) -> Value {
    json!({"inferenceProfileArn": arn, "status": "ACTIVE"})
}

/// The body of ListInferenceProfiles' response.
#[must_use]
pub fn encode_list(profiles: &[Profile], next_token: Option<&str>) -> Value {
    let summaries: Vec<_> = profiles.iter().map(Profile::shape).collect();
    let mut body = json!({"inferenceProfileSummaries": summaries});
    if let Some(token) = next_token {
        body["nextToken"] = token.into();
    }
    body
}

/// ISO 8601, as the service model asks for.
fn timestamp(ms: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok()?;
    time.format(TIMESTAMP).ok()
}

#[cfg(test)]
mod tests;
