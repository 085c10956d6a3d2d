//! From a request's head to its operation, and from an outcome to a response.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bedrock::doors::Door;
use bedrock::error::{ErrorKind, WireError};
use bytes::Bytes;
use futures::FutureExt as _;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, Version};
use http_body::Body as HttpBody;
use time::OffsetDateTime;
use tokio_util::task::task_tracker::TaskTrackerToken;
use uuid::Uuid;

use crate::api::{
    anthropic, control, converse, count_tokens, health, invoke, openai, profiles, tags,
};
use crate::app::App;
use crate::auth::{self, Caller, Identified};
use crate::body::{self, Whole};
use crate::call::{Call, Outcome, Reply};
use crate::record::Record;
use crate::respond::{self, Body, put};
use crate::route::{self, Operation, Row};
use crate::stream::EventBody;

/// Answers a request. Whatever happens inside, there is an answer, and it has a request id.
pub(crate) async fn serve<B>(app: Arc<App>, request: Request<B>) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let request_id = Uuid::new_v4().to_string();
    let version = request.version();
    let door = route::door(request.uri().path());
    let mut running = Some(app.running.token());
    let answered =
        AssertUnwindSafe(answer(&app, request, &request_id, &mut running)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!(request_id, "a request panicked");
        respond::error(door, &WireError::internal(), &request_id)
    });
    put(&mut response, "x-amzn-requestid", &request_id);
    if let Some(name) = door.request_id_header() {
        put(&mut response, name, &request_id);
    }
    if app.auth.is_open() {
        put(&mut response, "x-outcrop-auth", "open");
    }
    // HTTP/2 has no such header.
    if app.is_draining() && version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn answer<B>(
    app: &Arc<App>,
    request: Request<B>,
    request_id: &str,
    running: &mut Option<TaskTrackerToken>,
) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let (parts, body) = request.into_parts();
    let door = route::door(parts.uri.path());
    let (row, segment) = match route::find(&parts.method, parts.uri.path()) {
        Ok((row, segment)) => (row, segment.to_owned()),
        Err(error) => {
            // It reached no operation.
            tracing::info!(request_id, outcome = error.kind.code(), "request");
            return respond::error(door, &error, request_id);
        }
    };
    match row.operation {
        Operation::Health => return unlogged(health::health(), request_id),
        Operation::Ready => return unlogged(health::ready(app), request_id),
        _ => {}
    }
    let token = running.take().unwrap_or_else(|| app.running.token());
    let mut record = Record::new(request_id.to_owned(), token);
    record.operation = row.name;
    let (caller, body) = match admit(app, row, &parts, body).await {
        Ok(admitted) => admitted,
        Err(error) => {
            record.finish(error.kind.code());
            return respond::error(door, &error, request_id);
        }
    };
    record.account.clone_from(&caller.account);
    record.region.clone_from(&caller.region);
    let mut call = Call { app: Arc::clone(app), parts, caller, body, record };
    let outcome =
        AssertUnwindSafe(operate(row.operation, &mut call, &segment)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| {
        tracing::error!(request_id, operation = row.name, "an operation panicked");
        Err(WireError::internal())
    });
    respond_to(door, outcome, call)
}

/// Checks who calls and reads the body.
async fn admit<B>(
    app: &App,
    row: &Row,
    parts: &http::request::Parts,
    body: B,
) -> Result<(Caller, Whole), WireError>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    if app.is_draining() {
        return Err(WireError::new(ErrorKind::ServiceUnavailable, "The server is stopping."));
    }
    let identified: Identified = app.auth.identify(parts)?;
    auth::require_service(identified.service.as_deref(), route::door(parts.uri.path()))?;
    let body = body::read(body, &app.config.limits, &app.bodies).await?;
    identified.verify(parts, &body.bytes, OffsetDateTime::now_utc())?;
    if let Some(right) = row.right {
        identified.caller.require(right)?;
    }
    Ok((identified.caller, body))
}

async fn operate(operation: Operation, call: &mut Call, segment: &str) -> Outcome {
    match operation {
        Operation::Converse => converse::converse(call, segment, false).await,
        Operation::ConverseStream => converse::converse(call, segment, true).await,
        Operation::InvokeModel => invoke::invoke(call, segment, false).await,
        Operation::InvokeModelWithResponseStream => invoke::invoke(call, segment, true).await,
        Operation::CountTokens => count_tokens::count_tokens(call, segment).await,
        Operation::ListFoundationModels => control::list_foundation_models(call),
        Operation::GetFoundationModel => control::get_foundation_model(call, segment),
        Operation::CreateInferenceProfile => profiles::create_inference_profile(call).await,
        Operation::ListInferenceProfiles => profiles::list_inference_profiles(call).await,
        Operation::GetInferenceProfile => profiles::get_inference_profile(call, segment).await,
        Operation::DeleteInferenceProfile => {
            profiles::delete_inference_profile(call, segment).await
        }
        Operation::TagResource => tags::tag_resource(call).await,
        Operation::UntagResource => tags::untag_resource(call).await,
        Operation::ListTagsForResource => tags::list_tags_for_resource(call).await,
        Operation::ChatCompletions => openai::chat(call).await,
        Operation::Responses => openai::responses(call).await,
        Operation::ListModels => openai::list_models(call),
        Operation::GetModel => openai::get_model(call, segment).await,
        Operation::Messages => anthropic::messages(call).await,
        Operation::CountMessageTokens => anthropic::count_tokens(call).await,
        Operation::Counters => health::counters(call),
        Operation::Health => health::health(),
        Operation::Ready => health::ready(&call.app),
    }
}

fn respond_to(door: Door, outcome: Outcome, call: Call) -> Response<Body> {
    let mut record = call.record;
    match outcome {
        Ok(Reply::Whole(response)) => {
            record.finish("ok");
            response
        }
        Ok(Reply::Stream(head, streaming)) => {
            let interval = call.app.config.limits.keep_alive;
            head.map(|()| Body::Stream(Box::new(EventBody::new(*streaming, record, interval))))
        }
        Err(error) => {
            record.finish(error.kind.code());
            respond::error(door, &error, &record.request_id)
        }
    }
}

/// Probes ask every few seconds; they are not worth a line each.
fn unlogged(outcome: Outcome, request_id: &str) -> Response<Body> {
    let error = match outcome {
        Ok(Reply::Whole(response)) => return response,
        Ok(Reply::Stream(..)) => WireError::internal(),
        Err(error) => error,
    };
    respond::error(Door::Bedrock, &error, request_id)
}
