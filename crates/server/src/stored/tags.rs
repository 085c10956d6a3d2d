//! Tags of resources of every kind. A resource is named as in its ARN, from its kind on.

use std::collections::BTreeSet;

use bedrock::control::tags::{MAX_TAGS, Tag};
use bedrock::error::WireError;
use store::sqlx::{self, Row as _};
use store::{Store, Transaction};

use super::{Owner, failed};

/// Adds tags, or replaces the values of those there are. `false`: there would be too many, and nothing has changed.
pub(crate) async fn put(
    transaction: &mut Transaction,
    owner: Owner<'_>,
    resource: &str,
    tags: &[Tag],
) -> Result<bool, WireError> {
    let there = sqlx::query(
        "SELECT tag_key FROM tags WHERE account = $1 AND region = $2 AND resource = $3",
    )
    .bind(owner.account)
    .bind(owner.region)
    .bind(resource)
    .fetch_all(&mut **transaction)
    .await
    .map_err(failed)?;
    let mut keys = BTreeSet::new();
    for row in &there {
        keys.insert(row.try_get::<String, _>("tag_key").map_err(failed)?);
    }
    keys.extend(tags.iter().map(|tag| tag.key.clone()));
    if keys.len() > MAX_TAGS {
        return Ok(false);
    }
    for tag in tags {
        sqlx::query(
            "INSERT INTO tags (account, region, resource, tag_key, value) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (account, region, resource, tag_key) DO UPDATE SET value = excluded.value",
        )
        .bind(owner.account)
        .bind(owner.region)
        .bind(resource)
        .bind(&tag.key)
        .bind(&tag.value)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    }
    Ok(true)
}

/// Takes tags away; keys that are not there are no mistake.
pub(crate) async fn remove(
    transaction: &mut Transaction,
    owner: Owner<'_>,
    resource: &str,
    keys: &[String],
) -> Result<(), WireError> {
    for key in keys {
        sqlx::query(
            "DELETE FROM tags WHERE account = $1 AND region = $2 AND resource = $3 AND tag_key = $4",
        )
        .bind(owner.account)
        .bind(owner.region)
        .bind(resource)
        .bind(key)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

/// Takes all tags of a resource away, for one that is being deleted.
pub(crate) async fn remove_all(
    transaction: &mut Transaction,
    owner: Owner<'_>,
    resource: &str,
) -> Result<(), WireError> {
    sqlx::query("DELETE FROM tags WHERE account = $1 AND region = $2 AND resource = $3")
        .bind(owner.account)
        .bind(owner.region)
        .bind(resource)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The tags of a resource, in the order of their keys.
pub(crate) async fn list(
    store: &Store,
    owner: Owner<'_>,
    resource: &str,
) -> Result<Vec<Tag>, WireError> {
    let rows = sqlx::query(
        "SELECT tag_key, value FROM tags WHERE account = $1 AND region = $2 AND resource = $3 ORDER BY tag_key",
    )
    .bind(owner.account)
    .bind(owner.region)
    .bind(resource)
    .fetch_all(store.read())
    .await
    .map_err(failed)?;
    let tags = rows
        .iter()
        .map(|row| Ok(Tag { key: row.try_get("tag_key")?, value: row.try_get("value")? }));
    tags.collect::<Result<_, sqlx::Error>>().map_err(failed)
}
