//! The operations. Each file translates the shapes of its group; what they share is here: from a model identifier and a
//! canonical request to a generation, and the headers of an answer. `shapes` makes of it an answer, whole or streamed.

pub(crate) mod anthropic;
pub(crate) mod control;
pub(crate) mod converse;
pub(crate) mod count_tokens;
mod headers;
pub(crate) mod health;
pub(crate) mod invoke;
pub(crate) mod model;
mod named;
pub(crate) mod openai;
pub(crate) mod profiles;
mod shapes;
pub(crate) mod tags;

use std::sync::Arc;
use std::time::Duration;

use bedrock::canonical::{Answer, Event, Fold, Request, ResponseContext};
use bedrock::error::WireError;
use chat::PromptTokens;
use http::Response;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use crate::attach::{Attempt, Key, Lease};
use crate::body::Whole;
use crate::call::Call;
use crate::documents;
use crate::generate::{self, Bounds, Facts, Local, Started, Step};
use crate::registry::{Asked, Serving};
use crate::respond::{self, put};

/// Bodies above this are worked on away from the threads that serve connections.
const LARGE_BODY: usize = 32 * 1024;

/// How long a request waits for its schema to compile. The work is bounded; this is for machines that are slow or busy, so
/// it is no fault of the request, and what becomes of the schema is kept for the next attempt.
const COMPILE_WAIT: Duration = Duration::from_secs(1);
/// How long a request waits for others' schemas.
const COMPILE_TURN_WAIT: Duration = Duration::from_secs(5);
/// Schemas that compile at the same time.
static COMPILING: Semaphore = Semaphore::const_new(2);

/// How long the head of a stream waits for the prompt to be computed, so that a failure until then is a plain error.
const HEAD_WAIT: Duration = Duration::from_secs(10);

/// Starts the generation of a request, or finds the one that an earlier attempt of the same call started.
async fn begin(call: &mut Call, asked: &Asked, request: Arc<Request>) -> Result<Lease, WireError> {
    asked.check_max_tokens(&request)?;
    let attempt = Attempt::of(&call.parts.headers);
    let may_retry = attempt.is_some_and(Attempt::may_retry);
    let key = attempt.and_then(|_| {
        let body = Sha256::digest(&call.body.bytes).into();
        Key::of(&call.caller, &call.parts.headers, call.parts.uri.path(), body)
    });
    let earlier = key.as_ref().filter(|_| attempt.is_some_and(Attempt::is_retry));
    if let Some(lease) = earlier.and_then(|key| call.app.hub.attach(key, may_retry)) {
        tracing::debug!(request_id = %call.record.request_id, "attached to an earlier attempt");
        return Ok(lease);
    }
    let serving = call.app.registry.acquire(&asked.source).await?;
    let prompt = prompt_tokens(call, &serving, &request).await?;
    let constraints = constraints(&serving, &request).await?;
    let info = serving.handle.info();
    let facts = Facts {
        model: serving.name.clone(),
        fingerprint: info.fingerprint.clone(),
        input_tokens: prompt.tokens.len() as u64,
    };
    let bounds = Bounds {
        max_output: asked.max_output.map_or(info.context_length, |limit| limit as usize),
        cache_root: cache_root(&call.caller.account),
    };
    let generation = Local::start(serving, &request, prompt, constraints, bounds)?;
    // An answer may take minutes; nobody needs the body meanwhile.
    call.body = Whole::default();
    Ok(call.app.hub.begin(key.filter(|_| may_retry), facts, Box::new(generation)))
}

/// The prompt's tokens; long ones, and those with documents, are made on a thread that may block.
async fn prompt_tokens(
    call: &Call,
    serving: &Arc<Serving>,
    request: &Arc<Request>,
) -> Result<PromptTokens, WireError> {
    if call.body.bytes.len() <= LARGE_BODY && !request.has_documents() {
        return generate::prompt_tokens(serving, request);
    }
    let turn = if request.has_documents() { documents::turn().await } else { None };
    let (serving, request) = (Arc::clone(serving), Arc::clone(request));
    let made = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        generate::prompt_tokens(&serving, &request)
    });
    made.await.map_err(|_| WireError::internal())?
}

/// Counts the tokens of a request's prompt; gives the name of the model that it is for, too.
async fn count(
    call: &mut Call,
    asked: &Asked,
    request: Arc<Request>,
) -> Result<(u64, String), WireError> {
    let serving = call.app.registry.acquire(&asked.source).await?;
    call.record.served_by.clone_from(&serving.name);
    let tokens = prompt_tokens(call, &serving, &request).await?.tokens.len() as u64;
    call.record.usage.input = tokens;
    Ok((tokens, serving.name.clone()))
}

/// The constraints of the answer, made on a thread that may block. One that takes too long goes on and keeps its turn,
/// so that refused schemas cannot pile up.
async fn constraints(
    serving: &Arc<Serving>,
    request: &Arc<Request>,
) -> Result<Vec<Box<dyn engine::Constraint>>, WireError> {
    if !serving.chat.is_constrained(request) {
        return Ok(Vec::new());
    }
    let turn = tokio::time::timeout(COMPILE_TURN_WAIT, COMPILING.acquire()).await;
    let turn = turn.map_err(|_| WireError::unavailable())?.map_err(|_| WireError::internal())?;
    let (loading, compiling) = (Arc::clone(serving), Arc::clone(serving));
    // Once for each model, and no fault of the schema.
    tokio::task::spawn_blocking(move || loading.chat.load_vocabulary())
        .await
        .map_err(|_| WireError::internal())?;
    let request = Arc::clone(request);
    let work = tokio::task::spawn_blocking(move || {
        let made = generate::constraints(&compiling, &request);
        drop(turn);
        made
    });
    let made = tokio::time::timeout(COMPILE_WAIT, work).await;
    let made = made.map_err(|_| WireError::unavailable())?;
    made.map_err(|_| WireError::internal())?
}

/// Runs a parser; that of a large body on a thread that may block.
async fn parse<T: Send + 'static>(
    call: &Call,
    parse: impl FnOnce(&[u8]) -> Result<T, WireError> + Send + 'static,
) -> Result<T, WireError> {
    if call.body.bytes.len() <= LARGE_BODY {
        return parse(&call.body.bytes);
    }
    let body = call.body.bytes.clone();
    tokio::task::spawn_blocking(move || parse(&body)).await.map_err(|_| WireError::internal())?
}

/// Waits for the whole answer.
async fn whole(
    call: &mut Call,
    lease: &mut Lease,
    choices: u32,
) -> Result<(Answer, Started), WireError> {
    let mut fold = Fold::new(choices);
    let mut started = Started { cached_tokens: 0, seed: 0 };
    let broken = |error| {
        tracing::error!(%error, "the events are not an answer");
        WireError::internal()
    };
    loop {
        match lease.step().await {
            Step::Started(known) => started = known,
            Step::Event(event) => {
                call.record.first_token();
                fold.push(event).map_err(broken)?;
            }
            Step::Done(usage) => {
                call.record.usage = usage;
                fold.push(Event::Usage(usage)).map_err(broken)?;
                return Ok((fold.finish().map_err(broken)?, started));
            }
            Step::Failed(error) => return Err(error),
        }
    }
}

/// Waits until the prompt is computed, but not so long that a client gives the connection up.
async fn first_step(lease: &mut Lease) -> Result<Option<Step>, WireError> {
    match tokio::time::timeout(HEAD_WAIT, lease.step()).await {
        Ok(Step::Failed(error)) => Err(error),
        Ok(step) => Ok(Some(step)),
        Err(_) => Ok(None),
    }
}

/// What encoders need to know of a call.
fn context(call: &Call, asked: &Asked, facts: &Facts, seed: u64) -> ResponseContext {
    ResponseContext {
        request_id: call.record.request_id.clone(),
        model_id: asked.id.clone(),
        created: OffsetDateTime::now_utc().unix_timestamp(),
        input_tokens: facts.input_tokens,
        seed,
    }
}

/// Sets the headers that say what served the call and what was left aside.
fn describe<B>(
    response: &mut Response<B>,
    facts: &Facts,
    started: Option<Started>,
    request: &Request,
) {
    put(response, "x-outcrop-model", &facts.model);
    put(response, "x-outcrop-fingerprint", &facts.fingerprint);
    put(response, "x-amzn-bedrock-input-token-count", &facts.input_tokens.to_string());
    if let Some(started) = started {
        put(response, "x-outcrop-cached-tokens", &started.cached_tokens.to_string());
    }
    if !request.ignored.is_empty() {
        put(response, "x-outcrop-ignored-keys", &request.ignored.join(", "));
    }
    respond::put_mended(response, &request.mended);
    let advice = bedrock::advice::advise(request);
    if !advice.is_empty() {
        put(response, "x-outcrop-advice", &advice.join("; "));
    }
}

/// Sets the headers of a complete answer.
fn describe_whole<B>(response: &mut Response<B>, call: &Call) {
    let usage = call.record.usage;
    let counts = [
        ("x-amzn-bedrock-invocation-latency", call.record.latency().total_ms),
        ("x-amzn-bedrock-output-token-count", usage.output),
        ("x-amzn-bedrock-cache-read-input-token-count", usage.cache_read),
        ("x-amzn-bedrock-cache-write-input-token-count", usage.cache_write),
    ];
    for (name, count) in counts {
        put(response, name, &count.to_string());
    }
}

/// Accounts share no prefix blocks.
fn cache_root(account: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(account).into();
    digest.iter().take(8).fold(0, |root, byte| root << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_roots_of_their_own() {
        assert_ne!(cache_root("111111111111"), cache_root("222222222222"));
        assert_eq!(cache_root("111111111111"), cache_root("111111111111"));
    }
}
