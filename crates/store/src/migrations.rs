//! The tables of every release, step by step. A file that was released is never changed: its digest is in the database.

use std::path::Path;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use crate::{Pool, StoreError};

/// Version, name and statements, in the order in which they are applied.
pub(crate) const STEPS: &[(i64, &str, &str)] = &[
    (1, "tags", include_str!("../migrations/0001_tags.sql")),
    (2, "inference profiles", include_str!("../migrations/0002_inference_profiles.sql")),
];

/// Brings the tables up to date; what is up to date stays as it is.
pub(crate) async fn run(pool: &Pool, path: &Path) -> Result<(), StoreError> {
    let failed = |source| match source {
        MigrateError::VersionMissing(migration) => {
            StoreError::Newer { path: path.to_owned(), migration }
        }
        MigrateError::Execute(source) => StoreError::Open { path: path.to_owned(), source },
        source => StoreError::Migrate { path: path.to_owned(), source },
    };
    migrator().run(pool).await.map_err(failed)
}

fn migrator() -> Migrator {
    let steps = STEPS.iter().map(|(version, name, statements)| {
        let statements = statements.into_sql_str();
        Migration::new(*version, (*name).into(), MigrationType::Simple, statements, false)
    });
    Migrator::with_migrations(steps.collect())
}
