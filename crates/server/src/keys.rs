//! Credentials: who may call, for which account, with which rights.
//!
//! Two kinds. An API key is a bearer token of 256 random bits of which only the SHA-256 is stored. A SigV4 key is an
//! access key id and a secret, which verification needs in clear, so it is stored in clear, in a file of mode 0600 in a
//! folder of mode 0700.
//!
//! The file `keys.json` may be changed while a server runs: each change takes `keys.lock` for its duration and replaces
//! the file whole; the server looks at the file's identity on each request and reads it again when it changed, so that
//! a revoked key stops working at once.

mod file;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::ServerError;
use crate::datadir;
use file::{Content, Stamp, Stored};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Generate and count tokens.
    Invoke,
    /// Read and change models, profiles and jobs.
    Control,
    /// Read and write objects.
    Objects,
    /// The operator's endpoints; implies every other right.
    Admin,
}

impl Right {
    /// All rights.
    pub const ALL: [Self; 4] = [Self::Invoke, Self::Control, Self::Objects, Self::Admin];

    /// Its name in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Control => "control",
            Self::Objects => "objects",
            Self::Admin => "admin",
        }
    }
}

/// A set of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rights(u8);

impl Rights {
    /// No right.
    pub const NONE: Self = Self(0);

    /// This set and one more right.
    #[must_use]
    pub fn with(self, right: Right) -> Self {
        Self(self.0 | 1 << right as u8)
    }

    /// All rights.
    #[must_use]
    pub fn all() -> Self {
        Right::ALL.into_iter().fold(Self::NONE, Self::with)
    }

    /// Whether the right is held, directly or by `admin`.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        let admin = 1 << Right::Admin as u8;
        self.0 & (1 << right as u8 | admin) != 0
    }

    /// Reads a list of names, e.g. `invoke,control`.
    ///
    /// # Errors
    /// The name that is no right.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        names.into_iter().map(str::trim).try_fold(Self::NONE, |set, name| {
            let right = Right::ALL.into_iter().find(|right| right.name() == name);
            right.map(|right| set.with(right)).ok_or_else(|| name.to_owned())
        })
    }

    /// The names of the rights in the set.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let held = Right::ALL.into_iter().filter(|right| self.0 & (1 << *right as u8) != 0);
        held.map(Right::name).collect()
    }
}

/// How a key proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `Authorization: Bearer …` (`AWS_BEARER_TOKEN_BEDROCK`).
    ApiKey,
    /// Access key id and secret access key; requests are signed with SigV4.
    SigV4,
}

/// A text that must not be printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// A word for people, may be empty.
    pub name: String,
    /// Account that the key belongs to: 12 digits.
    pub account: String,
    /// What it may do.
    pub rights: Rights,
    /// How it proves itself.
    pub kind: KeyKind,
}

/// A key just made: the only time that an API key is seen.
#[derive(Clone, Debug)]
pub struct CreatedKey {
    /// Id, for `list` and `revoke`; for SigV4 it is the access key id.
    pub id: String,
    /// The API key, or the secret access key.
    pub secret: Secret,
    /// How it proves itself.
    pub kind: KeyKind,
}

/// A key as listed: no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id.
    pub id: String,
    /// Its word for people.
    pub name: String,
    /// Its account.
    pub account: String,
    /// What it may do.
    pub rights: Rights,
    /// How it proves itself.
    pub kind: KeyKind,
    /// When it was made, RFC 3339.
    pub created: String,
}

/// The keys of a data folder.
#[derive(Debug)]
pub struct KeyStore {
    folder: PathBuf,
    cache: Mutex<Arc<Keys>>,
}

/// The keys of one reading of the file.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    stamp: Option<Stamp>,
    api: HashMap<[u8; 32], KeyInfo>,
    sigv4: HashMap<String, (KeyInfo, Secret)>,
}

impl Keys {
    /// Whether no key was ever made here. A file whose last key was revoked is not "never": it admits nobody.
    pub(crate) fn never_made(&self) -> bool {
        self.stamp.is_none()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.api.is_empty() && self.sigv4.is_empty()
    }

    /// The key that a bearer token is. Found by the token's hash, so that time tells nothing about other keys.
    pub(crate) fn by_token(&self, token: &str) -> Option<&KeyInfo> {
        self.api.get(&<[u8; 32]>::from(Sha256::digest(token)))
    }

    /// The key of an access key id, with its secret.
    pub(crate) fn by_access_key(&self, id: &str) -> Option<(&KeyInfo, &Secret)> {
        self.sigv4.get(id).map(|(info, secret)| (info, secret))
    }
}

impl KeyStore {
    /// Opens the keys of a data folder, making the folder if needed. Works while a server runs there.
    ///
    /// # Errors
    /// [`ServerError::File`] or [`ServerError::Damaged`].
    pub fn open(data_dir: &Path) -> Result<Self, ServerError> {
        datadir::make_private(data_dir)?;
        let store = Self { folder: data_dir.to_owned(), cache: Mutex::default() };
        store.current()?;
        Ok(store)
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`ServerError::Config`] for an account that is not 12 digits, an empty set of rights or no random numbers; those of [`KeyStore::open`].
    pub fn add(&self, new: NewKey) -> Result<CreatedKey, ServerError> {
        if !is_account(&new.account) {
            return Err(ServerError::Config(format!("account {:?} is not 12 digits", new.account)));
        }
        if new.rights == Rights::NONE {
            return Err(ServerError::Config("a key needs at least one right".to_owned()));
        }
        let (stored, created) = file::make(new)?;
        self.change(move |content| {
            content.keys.push(stored);
            Ok(())
        })?;
        Ok(created)
    }

    /// All keys, oldest first.
    ///
    /// # Errors
    /// Those of [`KeyStore::open`].
    pub fn list(&self) -> Result<Vec<KeyInfo>, ServerError> {
        Ok(file::read(&self.file())?.0.keys.iter().map(Stored::info).collect())
    }

    /// Takes a key away; a running server refuses it from the next request on.
    ///
    /// # Errors
    /// [`ServerError::NoSuchKey`]; those of [`KeyStore::open`].
    pub fn revoke(&self, id: &str) -> Result<(), ServerError> {
        self.change(|content| {
            let before = content.keys.len();
            content.keys.retain(|key| key.id != id);
            if content.keys.len() == before {
                return Err(ServerError::NoSuchKey(id.to_owned()));
            }
            Ok(())
        })
    }

    /// The keys now, read again only if the file changed.
    pub(crate) fn current(&self) -> Result<Arc<Keys>, ServerError> {
        let stamp = Stamp::of(&self.file())?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.stamp != stamp {
            let (content, stamp) = file::read(&self.file())?;
            let mut keys = Keys { stamp, ..Keys::default() };
            content
                .keys
                .iter()
                .try_for_each(|key| key.index(&mut keys.api, &mut keys.sigv4))
                .map_err(|reason| ServerError::Damaged { path: self.file(), reason })?;
            *cache = Arc::new(keys);
        }
        Ok(Arc::clone(&cache))
    }

    fn file(&self) -> PathBuf {
        self.folder.join("keys.json")
    }

    fn change(
        &self,
        edit: impl FnOnce(&mut Content) -> Result<(), ServerError>,
    ) -> Result<(), ServerError> {
        let lock_path = self.folder.join("keys.lock");
        let lock = datadir::open_lock(&lock_path)?;
        lock.lock().map_err(|source| ServerError::File {
            action: "cannot lock",
            path: lock_path,
            source,
        })?;
        let (mut content, _) = file::read(&self.file())?;
        edit(&mut content)?;
        file::write(&self.file(), &content)
    }
}

/// Whether a text is an account number.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
