//! Who calls: credentials to a [`Caller`], in two phases.
//!
//! [`Auth::identify`] looks at the head only, so that nobody unknown makes the server read a body; a SigV4 signature
//! covers the body, so [`Identified::verify`] comes after it.

mod guard;

use std::net::SocketAddr;
use std::sync::Arc;

use bedrock::doors::Door;
use bedrock::error::{ErrorKind, Subject, WireError};
use bedrock::sigv4::{self, Authorization, SecretKey, SigV4Error};
use http::request::Parts;
use time::OffsetDateTime;

use crate::keys::{KeyInfo, KeyStore, Keys, Right, Rights, is_account};
use crate::route;
use crate::stored::Owner;

pub(crate) use guard::authority;

/// The account of callers that have none.
const NO_ACCOUNT: &str = "000000000000";

/// Who made a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// 12 digits.
    pub(crate) account: String,
    /// The source Region.
    pub(crate) region: String,
    /// The ARN of who called.
    pub(crate) principal_arn: String,
    /// Which key proved it; empty without keys.
    pub(crate) key_id: String,
    /// What it may do.
    pub(crate) rights: Rights,
}

impl Caller {
    /// Whose resources it sees.
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner { account: &self.account, region: &self.region }
    }

    /// Refuses a caller without the right.
    pub(crate) fn require(&self, right: Right) -> Result<(), WireError> {
        if self.rights.has(right) {
            return Ok(());
        }
        Err(WireError::access_denied(format!(
            "User: {} is not authorized to perform this action: its key lacks the right '{}'.",
            self.principal_arn,
            right.name()
        )))
    }
}

/// What authentication needs to know of the server.
#[derive(Debug)]
pub(crate) struct Auth {
    keys: KeyStore,
    listen: SocketAddr,
    allowed_hosts: Vec<String>,
    default_region: String,
}

/// A caller whose signature may still have to be verified.
#[derive(Debug)]
pub(crate) struct Identified {
    pub(crate) caller: Caller,
    /// The credential scope's service, if there is a signature.
    pub(crate) service: Option<String>,
    signature: Option<(Box<Authorization>, SecretKey)>,
}

enum Credentials<'a> {
    None,
    Bearer(&'a str),
    SigV4(Box<Authorization>),
}

impl Auth {
    pub(crate) fn new(keys: KeyStore, config: &crate::Config, listen: SocketAddr) -> Self {
        Self {
            keys,
            listen,
            allowed_hosts: config.allowed_hosts.clone(),
            default_region: config.default_region.clone(),
        }
    }

    /// Whether requests are served without credentials: on loopback, as long as no key was ever made.
    pub(crate) fn is_open(&self) -> bool {
        self.listen.ip().is_loopback() && self.keys.current().is_ok_and(|keys| keys.never_made())
    }

    /// Who says to call. A bearer key is proven by this; a signature is not yet.
    pub(crate) fn identify(&self, parts: &Parts) -> Result<Identified, WireError> {
        sigv4::refuse_presigned(parts.uri.query().unwrap_or_default())?;
        let keys = self.keys.current().map_err(|error| {
            tracing::error!(%error, "the keys cannot be read");
            WireError::internal()
        })?;
        let open = self.listen.ip().is_loopback() && keys.never_made();
        if open {
            guard::refuse_web_pages(parts, self.listen, &self.allowed_hosts)?;
        }
        let credentials = credentials(parts)?;
        let region = match &credentials {
            Credentials::SigV4(authorization) => Some(authorization.scope.region.clone()),
            Credentials::None | Credentials::Bearer(_) => region_of_host(parts),
        };
        let region = region.unwrap_or_else(|| self.default_region.clone());
        if open { Ok(anyone(&credentials, region)) } else { known(&keys, credentials, region) }
    }
}

impl Identified {
    /// Verifies the signature, if that is how the caller proves itself.
    pub(crate) fn verify(
        &self,
        parts: &Parts,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<(), WireError> {
        let Some((authorization, secret)) = &self.signature else { return Ok(()) };
        let headers: Vec<_> =
            parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let request = sigv4::Request {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &headers,
            authority: parts.uri.authority().map(http::uri::Authority::as_str),
            body,
        };
        Ok(authorization.verify(&request, secret, now)?)
    }
}

fn credentials(parts: &Parts) -> Result<Credentials<'_>, WireError> {
    let Some(header) = parts.headers.get("authorization") else { return Ok(api_key(parts)) };
    let text = header
        .to_str()
        .map_err(|_| SigV4Error::Incomplete("The Authorization header is not ASCII.".into()))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(Credentials::Bearer(token.trim()))
        }
        _ => Ok(Credentials::SigV4(Box::new(Authorization::parse(text)?))),
    }
}

/// The key in the header that Anthropic's clients send it in.
fn api_key(parts: &Parts) -> Credentials<'_> {
    let at_door = route::door(parts.uri.path()) == Door::Anthropic;
    let header = parts.headers.get("x-api-key").filter(|_| at_door);
    match header.and_then(|header| header.to_str().ok()) {
        Some(key) => Credentials::Bearer(key.trim()),
        None => Credentials::None,
    }
}

/// The Region in a host name such as `bedrock-runtime.eu-west-1.example`.
fn region_of_host(parts: &Parts) -> Option<String> {
    let authority = authority(parts)?;
    let is_region = |label: &&str| {
        let words: Vec<_> = label.split('-').collect();
        let number =
            words.last().is_some_and(|word| word.len() == 1 && word.as_bytes()[0].is_ascii_digit());
        let letters =
            |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        number && (3..=4).contains(&words.len()) && words[..words.len() - 1].iter().all(letters)
    };
    authority.host().split('.').find(is_region).map(str::to_owned)
}

/// A caller of a server without keys: whatever it sends is taken for granted.
fn anyone(credentials: &Credentials<'_>, region: String) -> Identified {
    let (access_key, service) = match credentials {
        Credentials::SigV4(authorization) => {
            (authorization.access_key.as_str(), Some(authorization.scope.service.clone()))
        }
        Credentials::None | Credentials::Bearer(_) => ("", None),
    };
    let account = if is_account(access_key) { access_key } else { NO_ACCOUNT };
    let caller = Caller {
        account: account.to_owned(),
        region,
        principal_arn: format!("arn:aws:iam::{account}:root"),
        key_id: access_key.to_owned(),
        rights: Rights::all(),
    };
    Identified { caller, service, signature: None }
}

fn known(
    keys: &Arc<Keys>,
    credentials: Credentials<'_>,
    region: String,
) -> Result<Identified, WireError> {
    match credentials {
        Credentials::None => Err(SigV4Error::Missing.into()),
        Credentials::Bearer(token) => {
            let info = keys.by_token(token).ok_or_else(|| {
                WireError::access_denied(
                    "Authentication failed: Please make sure your API Key is valid.",
                )
                .about(Subject::Credentials)
            })?;
            Ok(Identified { caller: caller(info, region), service: None, signature: None })
        }
        Credentials::SigV4(authorization) => {
            let (info, secret) =
                keys.by_access_key(&authorization.access_key).ok_or(SigV4Error::UnknownKey)?;
            let service = Some(authorization.scope.service.clone());
            let secret = SecretKey::new(secret.expose().to_owned());
            let signature = Some((authorization, secret));
            Ok(Identified { caller: caller(info, region), service, signature })
        }
    }
}

fn caller(info: &KeyInfo, region: String) -> Caller {
    Caller {
        account: info.account.clone(),
        region,
        principal_arn: format!("arn:aws:iam::{}:user/{}", info.account, info.id),
        key_id: info.id.clone(),
        rights: info.rights,
    }
}

/// Refuses services that share the port in name only, so far. The doors beside Bedrock's own have a second name.
pub(crate) fn require_service(service: Option<&str>, door: Door) -> Result<(), WireError> {
    match service {
        None | Some("bedrock") => Ok(()),
        Some("bedrock-mantle") if door != Door::Bedrock => Ok(()),
        Some(other) => Err(WireError::new(
            ErrorKind::UnknownOperation,
            format!("The service '{other}' is not served here. Sign requests for 'bedrock'."),
        )),
    }
}

#[cfg(test)]
mod tests;
