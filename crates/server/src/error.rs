//! Why the server could not start or had to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

/// An error of the server as a whole; errors of single requests are answers, not this.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// What was asked.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// Invariant 8.
    #[error(
        "refusing to listen on {0} without keys: anyone who reaches it could use it. Make a key first \
         (`outcrop keys add`), or listen on 127.0.0.1"
    )]
    KeysNeeded(SocketAddr),
    /// Another server holds the data folder.
    #[error(
        "another server is using the data folder {0}; stop it or give this one its own (--data-dir)"
    )]
    DataDirInUse(PathBuf),
    /// The data folder or a file in it cannot be used.
    #[error("{action} {path}: {source}")]
    File {
        /// What was tried ("cannot read", …).
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file in the data folder has broken content.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// The default model did not load.
    #[error("{model} cannot be loaded: {reason}")]
    Model {
        /// Which model.
        model: String,
        /// The loader's reason.
        reason: String,
    },
    /// The configuration contradicts itself.
    #[error("configuration: {0}")]
    Config(String),
    /// No such key.
    #[error("there is no key {0:?}")]
    NoSuchKey(String),
}
