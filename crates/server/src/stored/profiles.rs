//! Application inference profiles.

use bedrock::control::profiles::{
    CreateProfile, MAX_PROFILES, Profile, ProfileSource, ProfileType, application_arn,
    token_conflict, too_many_profiles,
};
use bedrock::control::tags::too_many_tags;
use bedrock::error::WireError;
use bedrock::model_id::Geo;
use store::sqlx::{self, Executor, Row as _};
use store::{Db, Row, Store, Transaction};

use super::{Owner, failed, tags};

/// Its kind in an ARN.
pub(crate) const KIND: &str = "application-inference-profile";

/// A profile as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: String,
    name: String,
    description: Option<String>,
    pub(crate) source: ProfileSource,
    pub(crate) created_ms: i64,
}

impl Stored {
    fn of(row: &Row) -> Result<Self, sqlx::Error> {
        let geo: Option<String> = row.try_get("geo")?;
        let geo = geo.map(|name| {
            let unknown = || sqlx::Error::Decode(format!("no geo prefix {name}").into());
            Geo::named(&name).ok_or_else(unknown)
        });
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            description: row.try_get("description")?,
            source: ProfileSource { model_id: row.try_get("model_id")?, geo: geo.transpose()? },
            created_ms: row.try_get("created_ms")?,
        })
    }

    /// As the operations show it.
    pub(crate) fn profile(self, owner: Owner<'_>) -> Profile {
        Profile {
            arn: application_arn(owner.region, owner.account, &self.id),
            models: self.source.model_arns(owner.region),
            id: self.id,
            name: self.name,
            description: self.description,
            created_ms: Some(self.created_ms),
            kind: ProfileType::Application,
        }
    }
}

/// The name under which a profile's tags are stored.
pub(crate) fn resource(id: &str) -> String {
    format!("{KIND}/{id}")
}

/// Makes a profile and gives its id; that of the earlier one if the call is a repetition.
///
/// # Errors
/// `ConflictException` for a request token of another call, `ServiceQuotaExceededException`, `TooManyTagsException`.
pub(crate) async fn create(
    store: &Store,
    owner: Owner<'_>,
    wanted: &CreateProfile,
    now_ms: i64,
) -> Result<String, WireError> {
    let mut transaction = store.begin().await.map_err(failed)?;
    if let Some(token) = &wanted.request_token
        && let Some((id, earlier)) = by_token(&mut transaction, owner, token).await?
    {
        return if earlier == wanted.digest() { Ok(id) } else { Err(token_conflict()) };
    }
    if count(&mut transaction, owner).await? >= i64::from(MAX_PROFILES) {
        return Err(too_many_profiles());
    }
    let id = store::short_id();
    insert(&mut transaction, owner, &id, wanted, now_ms).await?;
    if !tags::put(&mut transaction, owner, &resource(&id), &wanted.tags).await? {
        return Err(too_many_tags(None));
    }
    transaction.commit().await.map_err(failed)?;
    Ok(id)
}

async fn by_token(
    transaction: &mut Transaction,
    owner: Owner<'_>,
    token: &str,
) -> Result<Option<(String, String)>, WireError> {
    sqlx::query_as(
        "SELECT id, request_digest FROM inference_profiles WHERE account = $1 AND region = $2 AND request_token = $3",
    )
    .bind(owner.account)
    .bind(owner.region)
    .bind(token)
    .fetch_optional(&mut **transaction)
    .await
    .map_err(failed)
}

async fn count(transaction: &mut Transaction, owner: Owner<'_>) -> Result<i64, WireError> {
    sqlx::query_scalar("SELECT COUNT(*) FROM inference_profiles WHERE account = $1 AND region = $2")
        .bind(owner.account)
        .bind(owner.region)
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed)
}

async fn insert(
    transaction: &mut Transaction,
    owner: Owner<'_>,
    id: &str,
    wanted: &CreateProfile,
    now_ms: i64,
) -> Result<(), WireError> {
    sqlx::query(
        "INSERT INTO inference_profiles (account, region, id, name, description, model_id, geo, created_ms, \
         request_token, request_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(owner.account)
    .bind(owner.region)
    .bind(id)
    .bind(&wanted.name)
    .bind(&wanted.description)
    .bind(&wanted.source.model_id)
    .bind(wanted.source.geo.map(|geo| geo.to_string()))
    .bind(now_ms)
    .bind(&wanted.request_token)
    .bind(wanted.digest())
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The owner's profile of that id.
pub(crate) async fn get(
    store: &Store,
    owner: Owner<'_>,
    id: &str,
) -> Result<Option<Stored>, WireError> {
    let row = sqlx::query(
        "SELECT id, name, description, model_id, geo, created_ms FROM inference_profiles \
         WHERE account = $1 AND region = $2 AND id = $3",
    )
    .bind(owner.account)
    .bind(owner.region)
    .bind(id)
    .fetch_optional(store.read())
    .await
    .map_err(failed)?;
    row.map(|row| Stored::of(&row)).transpose().map_err(failed)
}

/// Whether the owner has a profile of that id.
pub(crate) async fn exists<'e>(
    executor: impl Executor<'e, Database = Db>,
    owner: Owner<'_>,
    id: &str,
) -> Result<bool, WireError> {
    let found: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM inference_profiles WHERE account = $1 AND region = $2 AND id = $3",
    )
    .bind(owner.account)
    .bind(owner.region)
    .bind(id)
    .fetch_one(executor)
    .await
    .map_err(failed)?;
    Ok(found > 0)
}

/// Deletes a profile and its tags. `false`: there is none.
pub(crate) async fn delete(store: &Store, owner: Owner<'_>, id: &str) -> Result<bool, WireError> {
    let mut transaction = store.begin().await.map_err(failed)?;
    let deleted = sqlx::query(
        "DELETE FROM inference_profiles WHERE account = $1 AND region = $2 AND id = $3",
    )
    .bind(owner.account)
    .bind(owner.region)
    .bind(id)
    .execute(&mut *transaction)
    .await
    .map_err(failed)?;
    tags::remove_all(&mut transaction, owner, &resource(id)).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(deleted.rows_affected() > 0)
}

/// The owner's profiles from the oldest on, after the one that was made at that time under that id.
pub(crate) async fn page(
    store: &Store,
    owner: Owner<'_>,
    after: (i64, &str),
    limit: usize,
) -> Result<Vec<Stored>, WireError> {
    let rows = sqlx::query(
        "SELECT id, name, description, model_id, geo, created_ms FROM inference_profiles \
         WHERE account = $1 AND region = $2 AND (created_ms, id) > ($3, $4) \
         ORDER BY created_ms, id LIMIT $5",
    )
    .bind(owner.account)
    .bind(owner.region)
    .bind(after.0)
    .bind(after.1)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(store.read())
    .await
    .map_err(failed)?;
    rows.iter().map(Stored::of).collect::<Result<_, _>>().map_err(failed)
}
