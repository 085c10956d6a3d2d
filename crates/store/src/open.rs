//! Opening the file: private, write-ahead logged, one writer.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::{Pool, StoreError, Transaction, migrations};

/// Name of the database's file in its folder.
pub const FILE_NAME: &str = "outcrop.db";

/// How the database is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Connections that only read, at most; one more writes. Default 4.
    pub max_readers: u32,
    /// How long a statement waits for another process or connection that has the database. Default 5 s.
    pub busy_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_readers: 4, busy_timeout: Duration::from_secs(5) }
    }
}

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    readers: Pool,
    writer: Pool,
}

impl Store {
    /// Opens the database of a folder, which exists, and brings its tables up to date. A file that is not there is
    /// made; only its owner may read it.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn open(folder: &Path, config: &Config) -> Result<Self, StoreError> {
        let path = folder.join(FILE_NAME);
        make_private(&path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            // With a write-ahead log this loses no commit unless the whole machine goes down, and corrupts nothing.
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(config.busy_timeout)
            .disable_statement_logging();
        let pool = |max| {
            let pool = SqlitePoolOptions::new()
                .max_connections(max)
                .acquire_timeout(config.busy_timeout)
                .idle_timeout(None)
                .max_lifetime(None)
                // A connection is a file of this machine: it does not go away by itself.
                .test_before_acquire(false);
            pool.connect_lazy_with(options.clone())
        };
        let store = Self { writer: pool(1), readers: pool(config.max_readers.max(1)), path };
        migrations::run(&store.writer, &store.path).await?;
        Ok(store)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Connections to read with, each statement for itself. They are never to write with.
    #[must_use]
    pub fn read(&self) -> &Pool {
        &self.readers
    }

    /// Begins to write. There is one writer: others wait here until it is done, so that nothing that was read in the
    /// transaction has changed when it commits.
    ///
    /// # Errors
    /// [`StoreError::Busy`] after [`Config::busy_timeout`].
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Closes all connections and merges the write-ahead log into the file. Statements fail from now on.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Makes the file with mode 0600, or sets that mode on the one there is. SQLite gives its side files the same.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let failed = |source: io::Error| StoreError::File {
        action: "cannot make",
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
