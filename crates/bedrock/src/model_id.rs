//! What stands in `modelId`: a bare id, an id with a geo prefix, or one of a dozen ARNs.
//!
//! Clients encode the path segment differently (`:` raw or `%3A`, `/` as `%2F`): a server matches the route on the raw
//! path, decodes **one** segment with [`decode_segment`] and parses it with [`ModelRef::parse`]. Names that are no
//! Bedrock ids, such as `Qwen/Qwen3-8B`, stay bare ids that a configuration may know. Whether an id exists is not
//! asked here: see [`crate::catalogue`].
//! Source: the pattern of `ConversationalModelId` in the service model of `bedrock-runtime`.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::error::WireError;

/// Most characters of a model identifier.
pub const MAX_MODEL_ID: usize = 2048;
/// Longest part of an id between dots and colons.
const MAX_PART: usize = 63;

/// Why a model identifier is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelIdError {
    /// Nothing there.
    #[error(
        "1 validation error detected: Value at 'modelId' failed to satisfy constraint: Member must have length greater \
         than or equal to 1"
    )]
    Empty,
    /// More than [`MAX_MODEL_ID`] characters.
    #[error(
        "1 validation error detected: Value at 'modelId' failed to satisfy constraint: Member must have length less \
         than or equal to 2048"
    )]
    TooLong,
    /// Not percent-encoded UTF-8, a character that no id has, or an ARN that names no kind of model.
    #[error("The provided model identifier is invalid.")]
    Invalid,
}

impl From<ModelIdError> for WireError {
    fn from(error: ModelIdError) -> WireError {
        WireError::validation(error.to_string())
    }
}

/// The prefix of a cross-Region inference profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "Bedrock's own names; see GEOS")]
pub enum Geo {
    Us,
    Eu,
    Apac,
    Jp,
    Au,
    Ca,
    In,
    UsGov,
    Global,
}

/// Geo prefixes, without their dot.
const GEOS: &[(&str, Geo)] = &[
    ("us", Geo::Us),
    ("eu", Geo::Eu),
    ("apac", Geo::Apac),
    ("jp", Geo::Jp),
    ("au", Geo::Au),
    ("ca", Geo::Ca),
    ("in", Geo::In),
    ("us-gov", Geo::UsGov),
    ("global", Geo::Global),
];

impl Geo {
    /// Every prefix.
    pub fn all() -> impl Iterator<Item = Geo> {
        GEOS.iter().map(|(_, geo)| *geo)
    }

    /// The prefix of this name, without its dot.
    #[must_use]
    pub fn named(name: &str) -> Option<Geo> {
        GEOS.iter().find(|(known, _)| *known == name).map(|(_, geo)| *geo)
    }

    /// Splits `us.vendor.model`. What follows the prefix must itself have a vendor and a dot.
    #[must_use]
    pub fn split(id: &str) -> Option<(Geo, &str)> {
        let (prefix, rest) = id.split_once('.')?;
        let geo = Geo::named(prefix)?;
        let (vendor, model) = rest.split_once('.')?;
        (!vendor.is_empty() && !model.is_empty()).then_some((geo, rest))
    }
}

impl fmt::Display for Geo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = GEOS.iter().find(|(_, geo)| geo == self);
        f.write_str(row.map_or("", |(name, _)| name))
    }
}

/// Where an ARN's resource lives, and its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    /// For example `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// The resource's id, without its kind.
    pub id: String,
}

/// A parsed model identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ModelRef {
    /// A bare id or name, or a foundation-model ARN. A bare id of a profile, of an import or of a provisioned model
    /// looks no different; whoever knows those looks there.
    Model {
        /// The base id, for example `anthropic.claude-3-haiku-20240307-v1:0`.
        id: String,
        /// The ARN's Region, if it was an ARN.
        region: Option<String>,
    },
    /// An id with a geo prefix, or a system-defined inference profile's ARN.
    SystemProfile {
        /// The prefix.
        geo: Geo,
        /// The base id without prefix.
        id: String,
        /// Region and account of the ARN, if it was one.
        resource: Option<Resource>,
    },
    /// `application-inference-profile/…`.
    ApplicationProfile(Resource),
    /// `provisioned-model/…`.
    Provisioned(Resource),
    /// `imported-model/…`.
    Imported(Resource),
    /// `custom-model/base/…`.
    Custom(Resource),
    /// `custom-model-deployment/…`.
    CustomDeployment(Resource),
    /// `prompt/ID` or `prompt/ID:version`; the id includes the version.
    Prompt(Resource),
    /// `prompt-router/…` and `default-prompt-router/…`.
    PromptRouter(Resource),
    /// A SageMaker endpoint.
    SageMakerEndpoint(Resource),
}

/// Decodes the path segment of a model identifier, once.
///
/// # Errors
/// A `%` without two hexadecimal digits, or bytes that are no UTF-8.
pub fn decode_segment(raw: &str) -> Result<String, ModelIdError> {
    let broken = raw.split('%').skip(1).any(|rest| {
        let digits = rest.as_bytes().get(..2);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if broken {
        return Err(ModelIdError::Invalid);
    }
    let decoded = percent_decode_str(raw).decode_utf8().map_err(|_| ModelIdError::Invalid)?;
    Ok(decoded.into_owned())
}

impl ModelRef {
    /// Decodes and parses a path segment.
    ///
    /// # Errors
    /// As [`decode_segment`] and [`ModelRef::parse`].
    pub fn from_segment(raw: &str) -> Result<ModelRef, ModelIdError> {
        // An encoded character has three bytes, so a longer segment cannot be short enough.
        if raw.len() > 3 * MAX_MODEL_ID {
            return Err(ModelIdError::TooLong);
        }
        ModelRef::parse(&decode_segment(raw)?)
    }

    /// Parses a decoded identifier.
    ///
    /// # Errors
    /// It is empty, over [`MAX_MODEL_ID`], has characters that no id has, or is an ARN of no kind of model.
    pub fn parse(text: &str) -> Result<ModelRef, ModelIdError> {
        if text.is_empty() {
            return Err(ModelIdError::Empty);
        }
        if text.len() > MAX_MODEL_ID {
            return Err(ModelIdError::TooLong);
        }
        if text.starts_with("arn:") {
            return parse_arn(text).ok_or(ModelIdError::Invalid);
        }
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !first || !text.bytes().all(|byte| is_id_byte(byte) || matches!(byte, b'/' | b'_')) {
            return Err(ModelIdError::Invalid);
        }
        Ok(match Geo::split(text) {
            Some((geo, id)) => ModelRef::SystemProfile { geo, id: id.to_owned(), resource: None },
            None => ModelRef::Model { id: text.to_owned(), region: None },
        })
    }

    /// The base id of a foundation model, if the identifier itself tells it.
    #[must_use]
    pub fn base_id(&self) -> Option<&str> {
        match self {
            ModelRef::Model { id, .. } | ModelRef::SystemProfile { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The geo prefix of a system-defined profile.
    #[must_use]
    pub fn geo(&self) -> Option<Geo> {
        match self {
            ModelRef::SystemProfile { geo, .. } => Some(*geo),
            _ => None,
        }
    }

    /// Region, account and id, if the identifier was an ARN with an account.
    #[must_use]
    pub fn resource(&self) -> Option<&Resource> {
        match self {
            ModelRef::Model { .. } => None,
            ModelRef::SystemProfile { resource, .. } => resource.as_ref(),
            ModelRef::ApplicationProfile(resource)
            | ModelRef::Provisioned(resource)
            | ModelRef::Imported(resource)
            | ModelRef::Custom(resource)
            | ModelRef::CustomDeployment(resource)
            | ModelRef::Prompt(resource)
            | ModelRef::PromptRouter(resource)
            | ModelRef::SageMakerEndpoint(resource) => Some(resource),
        }
    }

    /// What it is, for messages such as "imported models are not supported".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            ModelRef::Model { .. } => "foundation model",
            ModelRef::SystemProfile { .. } => "inference profile",
            ModelRef::ApplicationProfile(_) => "application inference profile",
            ModelRef::Provisioned(_) => "provisioned model",
            ModelRef::Imported(_) => "imported model",
            ModelRef::Custom(_) => "custom model",
            ModelRef::CustomDeployment(_) => "custom model deployment",
            ModelRef::Prompt(_) => "prompt",
            ModelRef::PromptRouter(_) => "prompt router",
            ModelRef::SageMakerEndpoint(_) => "SageMaker endpoint",
        }
    }
}

/// The ARN of a foundation model; it has no account.
#[must_use]
pub fn foundation_model_arn(region: &str, id: &str) -> String {
    format!("arn:aws:bedrock:{region}::foundation-model/{id}")
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:KIND/ID`
fn parse_arn(text: &str) -> Option<ModelRef> {
    let mut parts = text.splitn(6, ':');
    let (_, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (kind, id) = rest.split_once('/')?;
    let partition_ok = partition == "aws" || partition.strip_prefix("aws-").is_some_and(is_label);
    if !partition_ok || region.len() > 20 || !is_label(region) {
        return None;
    }
    if (service, kind, account) == ("bedrock", "foundation-model", "") {
        let id = Some(id).filter(|id| is_model_id(id))?;
        return Some(ModelRef::Model { id: id.into(), region: Some(region.into()) });
    }
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let resource =
        Resource { region: region.to_owned(), account: account.to_owned(), id: id.to_owned() };
    match service {
        "bedrock" => bedrock_resource(kind, resource),
        "sagemaker" if kind == "endpoint" && is_name(id) => {
            Some(ModelRef::SageMakerEndpoint(resource))
        }
        _ => None,
    }
}

fn bedrock_resource(kind: &str, resource: Resource) -> Option<ModelRef> {
    let id = resource.id.as_str();
    let short = is_short_id(id);
    let free = !id.is_empty() && id.bytes().all(is_id_byte);
    match kind {
        "inference-profile" if free => {
            let (geo, base) = Geo::split(id).filter(|(_, base)| is_model_id(base))?;
            let id = base.to_owned();
            Some(ModelRef::SystemProfile { geo, id, resource: Some(resource) })
        }
        "application-inference-profile" if free => Some(ModelRef::ApplicationProfile(resource)),
        "provisioned-model" if short => Some(ModelRef::Provisioned(resource)),
        "imported-model" if short => Some(ModelRef::Imported(resource)),
        "custom-model-deployment" if short => Some(ModelRef::CustomDeployment(resource)),
        "custom-model" if is_custom_id(id) => Some(ModelRef::Custom(resource)),
        "prompt-router" | "default-prompt-router" if free => Some(ModelRef::PromptRouter(resource)),
        "prompt" if is_prompt_id(id) => Some(ModelRef::Prompt(resource)),
        _ => None,
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'.')
}

/// Lower-case letters, digits and hyphens.
fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(plain)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether it is the id of a resource that an account owns: twelve lower-case letters and digits.
#[must_use]
pub fn is_short_id(text: &str) -> bool {
    text.len() == 12 && is_label(text) && !text.contains('-')
}

/// Whether it is a foundation model's id: `vendor.model`, whose parts are joined by dots and colons.
#[must_use]
pub fn is_model_id(text: &str) -> bool {
    let part = |part: &str| part.len() <= MAX_PART && is_label(part);
    text.split_once('.')
        .is_some_and(|(vendor, model)| part(vendor) && model.split(['.', ':']).all(part))
}

/// `base-model/` and twelve letters and digits.
fn is_custom_id(text: &str) -> bool {
    text.rsplit_once('/').is_some_and(|(base, id)| is_model_id(base) && is_short_id(id))
}

/// Ten letters and digits, and perhaps a version of up to five digits.
fn is_prompt_id(text: &str) -> bool {
    let (id, version) = text.split_once(':').unwrap_or((text, "1"));
    let digits = version.bytes().all(|byte| byte.is_ascii_digit());
    id.len() == 10
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (1..=5).contains(&version.len())
        && digits
}

#[cfg(test)]
mod tests;
