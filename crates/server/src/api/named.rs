//! What the doors beside Bedrock's own operations share: the body names the model, and a stream is one of server-sent
//! events.

use bedrock::doors::{self, Named};
use bedrock::error::WireError;

use super::shapes::{Shapes, answer};
use super::{headers, model, parse};
use crate::call::{Call, Outcome};
use crate::registry::Asked;

/// Headers of these APIs that are accepted without effect.
const IGNORED_HEADERS: [&str; 3] = ["anthropic-beta", "anthropic-workspace", "openai-project"];

/// Answers a request whose body says by what and how.
pub(crate) async fn answer_named<S: Shapes, T: Send + 'static>(
    call: &mut Call,
    read: fn(&[u8]) -> Result<Named<T>, WireError>,
    shapes: impl FnOnce(T) -> S,
) -> Outcome {
    let Named { model, streaming, mut request, shown } = parse(call, read).await?;
    let asked = resolve_named(call, &model).await?;
    headers::read(call, &mut request)?;
    let ignored = IGNORED_HEADERS.iter().filter(|name| call.parts.headers.contains_key(**name));
    request.ignored.extend(ignored.map(|name| (*name).to_owned()));
    answer(call, &asked, request, shapes(shown), streaming).await
}

/// What serves the model that a body names.
pub(crate) async fn resolve_named(call: &mut Call, name: &str) -> Result<Asked, WireError> {
    let asked = model::resolve(call, doors::long_id(name)).await;
    asked.map_err(|error| doors::model_not_found(name, error))
}
