//! The database: opened, migrated, and handed out.
//!
//! An embedded SQLite file. It must never know what is stored: statements stand where the stored things are known, as
//! text with `$1` parameters in SQL that Postgres speaks too, so that only [`Db`] and the opening of the file have to
//! change for it. The tables of every release are in `migrations/`, one file a step.

mod error;
mod id;
mod migrations;
mod open;
mod page;

pub use error::StoreError;
pub use id::short_id;
pub use open::{Config, FILE_NAME, Store};
pub use page::{BadToken, PageToken};
pub use sqlx;

/// The kind of database.
pub type Db = sqlx::Sqlite;
/// Connections that statements run on.
pub type Pool = sqlx::Pool<Db>;
/// Statements that take effect together, once committed; dropped before that, none does.
pub type Transaction = sqlx::Transaction<'static, Db>;
/// A row of an answer.
pub type Row = <Db as sqlx::Database>::Row;
