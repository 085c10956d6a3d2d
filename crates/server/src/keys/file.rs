//! `keys.json`: its shape, and how keys are made.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{CreatedKey, KeyInfo, KeyKind, NewKey, Rights, Secret};
use crate::ServerError;
use crate::datadir;

/// The whole file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    pub(crate) keys: Vec<Stored>,
}

/// One key in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    pub(crate) id: String,
    name: String,
    account: String,
    rights: Vec<String>,
    created: String,
    /// SHA-256 of an API key, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key_sha256: Option<String>,
    /// Secret access key of a SigV4 key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl Stored {
    pub(crate) fn info(&self) -> KeyInfo {
        KeyInfo {
            id: self.id.clone(),
            name: self.name.clone(),
            account: self.account.clone(),
            rights: Rights::parse(self.rights.iter().map(String::as_str)).unwrap_or_default(),
            kind: if self.secret.is_some() { KeyKind::SigV4 } else { KeyKind::ApiKey },
            created: self.created.clone(),
        }
    }

    /// Puts the key where it will be looked up; says what is wrong with it.
    pub(crate) fn index(
        &self,
        api: &mut HashMap<[u8; 32], KeyInfo>,
        sigv4: &mut HashMap<String, (KeyInfo, Secret)>,
    ) -> Result<(), String> {
        let at = |what: &str| format!("key {:?}: {what}", self.id);
        Rights::parse(self.rights.iter().map(String::as_str))
            .map_err(|name| at(&format!("unknown right {name:?}")))?;
        match (&self.api_key_sha256, &self.secret) {
            (Some(hash), None) => {
                let mut bytes = [0; 32];
                hex::decode_to_slice(hash, &mut bytes).map_err(|_| at("bad api_key_sha256"))?;
                api.insert(bytes, self.info());
                Ok(())
            }
            (None, Some(secret)) => {
                sigv4.insert(self.id.clone(), (self.info(), Secret::new(secret.clone())));
                Ok(())
            }
            (None, None) | (Some(_), Some(_)) => Err(at("needs one of api_key_sha256 and secret")),
        }
    }
}

/// What tells one version of the file from another: it is replaced, never written in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    length: u64,
    modified: Option<std::time::SystemTime>,
}

impl Stamp {
    /// The stamp of a file, `None` if it is absent.
    pub(crate) fn of(path: &Path) -> Result<Option<Self>, ServerError> {
        match fs::metadata(path) {
            Ok(meta) => Ok(Some(Self::from(&meta))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => {
                Err(ServerError::File { action: "cannot read", path: path.to_owned(), source })
            }
        }
    }
}

impl From<&fs::Metadata> for Stamp {
    fn from(meta: &fs::Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(meta);
        #[cfg(not(unix))]
        let inode = 0;
        Self { inode, length: meta.len(), modified: meta.modified().ok() }
    }
}

/// Reads the file; an absent one has no keys.
pub(crate) fn read(path: &Path) -> Result<(Content, Option<Stamp>), ServerError> {
    let failed =
        |source| ServerError::File { action: "cannot read", path: path.to_owned(), source };
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Content::default(), None)),
        Err(error) => return Err(failed(error)),
    };
    let stamp = Stamp::from(&file.metadata().map_err(failed)?);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut file, &mut text).map_err(failed)?;
    let content = serde_json::from_str(&text).map_err(|error| ServerError::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok((content, Some(stamp)))
}

/// Replaces the file.
pub(crate) fn write(path: &Path, content: &Content) -> Result<(), ServerError> {
    let text = serde_json::to_vec_pretty(content).map_err(|error| ServerError::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    datadir::write_private(path, &text)
}

/// Draws a new key: what is stored, and what its owner is shown.
pub(crate) fn make(new: NewKey) -> Result<(Stored, CreatedKey), ServerError> {
    let mut stored = Stored {
        id: String::new(),
        name: new.name,
        account: new.account,
        rights: new.rights.names().into_iter().map(str::to_owned).collect(),
        created: now(),
        api_key_sha256: None,
        secret: None,
    };
    let secret = match new.kind {
        KeyKind::ApiKey => {
            stored.id = format!("key-{}", hex::encode(random::<6>()?));
            let token = format!("outcrop-{}", BASE64_URL_SAFE_NO_PAD.encode(random::<32>()?));
            stored.api_key_sha256 = Some(hex::encode(Sha256::digest(&token)));
            token
        }
        KeyKind::SigV4 => {
            // 20 capitals and digits, as access key ids are; not AKIA, which scanners report as an AWS leak.
            stored.id = format!("OCAK{}", hex::encode_upper(random::<8>()?));
            let secret = BASE64_URL_SAFE_NO_PAD.encode(random::<30>()?);
            stored.secret = Some(secret.clone());
            secret
        }
    };
    let created = CreatedKey { id: stored.id.clone(), secret: Secret::new(secret), kind: new.kind };
    Ok((stored, created))
}

fn random<const N: usize>() -> Result<[u8; N], ServerError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| ServerError::Config("the system gives no random numbers".to_owned()))?;
    Ok(bytes)
}

fn now() -> String {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default()
}
