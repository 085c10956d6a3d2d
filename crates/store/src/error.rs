//! Why the database could not be opened or used.

use std::path::PathBuf;

/// An error of the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be made, or its mode cannot be set.
    #[error("{action} {path}: {source}")]
    File {
        /// What was tried ("cannot make", …).
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The file cannot be opened as a database.
    #[error("cannot open the database {path}: {source}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// A newer version of this program wrote the file.
    #[error(
        "the database {path} was written by a newer version (it has migration {migration}); run that version, or give \
         this one a data folder of its own"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The migration that this version does not have.
        migration: i64,
    },
    /// Its tables cannot be brought up to date.
    #[error("the tables of the database {path} cannot be brought up to date: {source}")]
    Migrate {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: sqlx::migrate::MigrateError,
    },
    /// Others kept the database to themselves for longer than a statement waits.
    #[error("the database is busy")]
    Busy,
    /// A statement failed.
    #[error("a statement failed: {0}")]
    Statement(sqlx::Error),
}

/// SQLite's primary result code for a locked database; extended codes have it in their lowest byte.
const SQLITE_BUSY: i32 = 5;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Database(database) => {
                let code = database.code().and_then(|code| code.parse::<i32>().ok());
                match code.map(|code| code & 0xff) {
                    Some(SQLITE_BUSY) => Self::Busy,
                    _ => Self::Statement(error),
                }
            }
            _ => Self::Statement(error),
        }
    }
}
