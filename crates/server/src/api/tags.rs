//! TagResource, UntagResource, ListTagsForResource. What can be tagged is a row of [`Taggable`].

use bedrock::control::tags::{self, ResourceArn, resource_not_found, too_many_tags};
use bedrock::error::WireError;
use http::StatusCode;
use serde_json::json;
use store::Db;
use store::sqlx::Executor;

use super::parse;
use crate::call::{Call, Outcome, Reply};
use crate::respond;
use crate::stored::{self, Owner, failed, profiles};

/// Kinds of resources that have tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taggable {
    ApplicationProfile,
}

const KINDS: &[(&str, Taggable)] = &[(profiles::KIND, Taggable::ApplicationProfile)];

/// Kinds that Bedrock itself owns: they exist and cannot be tagged.
const UNTAGGABLE: &[&str] = &["inference-profile"];

impl Taggable {
    async fn exists<'e>(
        self,
        executor: impl Executor<'e, Database = Db>,
        owner: Owner<'_>,
        id: &str,
    ) -> Result<bool, WireError> {
        match self {
            Self::ApplicationProfile => profiles::exists(executor, owner, id).await,
        }
    }
}

/// `POST /tagResource`
pub(crate) async fn tag_resource(call: &Call) -> Outcome {
    let wanted = parse(call, tags::parse_tag_resource).await?;
    let owner = call.caller.owner();
    let mut transaction = call.app.store.begin().await.map_err(failed)?;
    let name = find(&mut *transaction, owner, &wanted.resource).await?;
    if !stored::tags::put(&mut transaction, owner, &name, &wanted.tags).await? {
        return Err(too_many_tags(Some(&wanted.resource)));
    }
    transaction.commit().await.map_err(failed)?;
    Ok(Reply::Whole(respond::json(StatusCode::OK, &json!({}))?))
}

/// `POST /untagResource`
pub(crate) async fn untag_resource(call: &Call) -> Outcome {
    let wanted = parse(call, tags::parse_untag_resource).await?;
    let owner = call.caller.owner();
    let mut transaction = call.app.store.begin().await.map_err(failed)?;
    let name = find(&mut *transaction, owner, &wanted.resource).await?;
    stored::tags::remove(&mut transaction, owner, &name, &wanted.keys).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(Reply::Whole(respond::json(StatusCode::OK, &json!({}))?))
}

/// `POST /listTagsForResource`
pub(crate) async fn list_tags_for_resource(call: &Call) -> Outcome {
    let resource = parse(call, tags::parse_list_tags).await?;
    let owner = call.caller.owner();
    let store = &call.app.store;
    let name = find(store.read(), owner, &resource).await?;
    let body = tags::encode_list_tags(&stored::tags::list(store, owner, &name).await?);
    Ok(Reply::Whole(respond::json(StatusCode::OK, &body)?))
}

/// The name under which the tags of an ARN's resource are stored.
///
/// # Errors
/// `ResourceNotFoundException` unless it is there and the caller's; `ValidationException` for what has no tags.
async fn find<'e>(
    executor: impl Executor<'e, Database = Db>,
    owner: Owner<'_>,
    arn: &ResourceArn,
) -> Result<String, WireError> {
    if UNTAGGABLE.contains(&arn.kind.as_str()) {
        return Err(WireError::validation(format!(
            "resourceARN: a resource of kind '{}' has no tags.",
            arn.kind
        )));
    }
    let kind = KINDS.iter().find(|(name, _)| *name == arn.kind);
    let (_, kind) = kind.ok_or_else(resource_not_found)?;
    let own = owner.is(&arn.account, &arn.region);
    if !own || !kind.exists(executor, owner, &arn.id).await? {
        return Err(resource_not_found());
    }
    Ok(format!("{}/{}", arn.kind, arn.id))
}
