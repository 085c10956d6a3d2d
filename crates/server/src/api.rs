//! The operations. Each file translates the shapes of its group; what they share is here: from a canonical request to a
//! generation, and the headers of an answer.

pub(crate) mod control;
pub(crate) mod converse;
pub(crate) mod count_tokens;
pub(crate) mod health;
pub(crate) mod invoke;

use std::sync::Arc;
use std::time::Duration;

use bedrock::canonical::{Answer, Event, Fold, Request, ResponseContext};
use bedrock::error::WireError;
use http::Response;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::attach::{Attempt, Key, Lease};
use crate::body::Whole;
use crate::call::Call;
use crate::generate::{self, Bounds, Facts, Local, Started, Step};
use crate::registry::{Asked, Serving};
use crate::respond::put;

/// Bodies above this are worked on away from the threads that serve connections.
const LARGE_BODY: usize = 32 * 1024;

/// How long the head of a stream waits for the prompt to be computed, so that a failure until then is a plain error.
const HEAD_WAIT: Duration = Duration::from_secs(10);

/// Starts the generation of a request, or finds the one that an earlier attempt of the same call started.
pub(crate) async fn begin(
    call: &mut Call,
    asked: &Asked,
    request: Arc<Request>,
) -> Result<Lease, WireError> {
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
    let info = serving.handle.info();
    let facts = Facts {
        model: serving.name.clone(),
        fingerprint: info.fingerprint.clone(),
        input_tokens: prompt.len() as u64,
    };
    let bounds = Bounds {
        max_output: asked.max_output.map_or(info.context_length, |limit| limit as usize),
        cache_root: cache_root(&call.caller.account),
    };
    let generation = Local::start(serving, &request, prompt, bounds)?;
    // An answer may take minutes; nobody needs the body meanwhile.
    call.body = Whole::default();
    Ok(call.app.hub.begin(key.filter(|_| may_retry), facts, Box::new(generation)))
}

/// The prompt's tokens; long ones are made on a thread that may block.
pub(crate) async fn prompt_tokens(
    call: &Call,
    serving: &Arc<Serving>,
    request: &Arc<Request>,
) -> Result<Vec<engine::TokenId>, WireError> {
    if call.body.bytes.len() <= LARGE_BODY {
        return generate::prompt_tokens(serving, request);
    }
    let (serving, request) = (Arc::clone(serving), Arc::clone(request));
    let made =
        tokio::task::spawn_blocking(move || generate::prompt_tokens(&serving, &request)).await;
    made.map_err(|_| WireError::internal())?
}

/// Runs a parser; that of a large body on a thread that may block.
pub(crate) async fn parse<T: Send + 'static>(
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
pub(crate) async fn whole(
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
pub(crate) async fn first_step(lease: &mut Lease) -> Result<Option<Step>, WireError> {
    match tokio::time::timeout(HEAD_WAIT, lease.step()).await {
        Ok(Step::Failed(error)) => Err(error),
        Ok(step) => Ok(Some(step)),
        Err(_) => Ok(None),
    }
}

/// What encoders need to know of a call.
pub(crate) fn context(call: &Call, asked: &Asked, facts: &Facts, seed: u64) -> ResponseContext {
    ResponseContext {
        request_id: call.record.request_id.clone(),
        model_id: asked.id.clone(),
        created: OffsetDateTime::now_utc().unix_timestamp(),
        input_tokens: facts.input_tokens,
        seed,
    }
}

/// Sets the headers that say what served the call and what was left aside.
pub(crate) fn describe<B>(
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
    let advice = bedrock::advice::advise(request);
    if !advice.is_empty() {
        put(response, "x-outcrop-advice", &advice.join("; "));
    }
}

/// Sets the headers of a complete answer.
pub(crate) fn describe_whole<B>(response: &mut Response<B>, call: &Call) {
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
