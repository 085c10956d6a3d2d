//! InvokeModel and InvokeModelWithResponseStream: the family's own bodies.

use std::sync::Arc;

use bedrock::canonical::{Event, Latency, Request, ResponseContext, ServiceTier, Usage};
use bedrock::error::{StreamOperation, WireError};
use bedrock::eventstream;
use bedrock::families::{self, Invocation, StreamEncoder};
use bedrock::family::Family;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::{begin, context, describe, describe_whole, first_step, parse, whole};
use crate::call::{Call, Outcome, Reply};
use crate::generate::{Started, Step};
use crate::registry::Asked;
use crate::respond::{self, put};
use crate::stream::{Encode, Frames, Streaming};

/// Longest `X-Amzn-Bedrock-Request-Metadata`, in the service model.
const MAX_METADATA: usize = 8500;

/// `POST /model/{modelId}/invoke`
pub(crate) async fn invoke(call: &mut Call, segment: &str) -> Outcome {
    let (asked, family) = resolve(call, segment)?;
    let request = Arc::new(read(call, &asked, family, false).await?);
    let mut lease = begin(call, &asked, Arc::clone(&request)).await?;
    let facts = lease.facts().clone();
    call.record.served_by.clone_from(&facts.model);
    let (answer, started) = whole(call, &mut lease, request.choices).await?;
    let context = context(call, &asked, &facts, started.seed);
    let body = families::encode_answer(family, &answer, &context, &call.record.latency())?;
    let mut response = respond::json(StatusCode::OK, &body)?;
    describe(&mut response, &facts, Some(started), &request);
    describe_whole(&mut response, call);
    describe_served(&mut response, request.service_tier);
    Ok(Reply::Whole(response))
}

/// `POST /model/{modelId}/invoke-with-response-stream`
pub(crate) async fn invoke_stream(call: &mut Call, segment: &str) -> Outcome {
    let (asked, family) = resolve(call, segment)?;
    let request = Arc::new(read(call, &asked, family, true).await?);
    let mut lease = begin(call, &asked, Arc::clone(&request)).await?;
    let facts = lease.facts().clone();
    call.record.served_by.clone_from(&facts.model);
    let seen = first_step(&mut lease).await?;
    let started = match &seen {
        Some(Step::Started(started)) => Some(*started),
        _ => None,
    };
    let mut response = Response::new(());
    put(&mut response, "content-type", eventstream::CONTENT_TYPE);
    put(&mut response, "x-amzn-bedrock-content-type", "application/json");
    describe(&mut response, &facts, started, &request);
    describe_served(&mut response, request.service_tier);
    let encoder = NativeFrames { family, context: context(call, &asked, &facts, 0), encoder: None };
    let streaming = Streaming { lease, seen, encoder: Box::new(encoder) };
    Ok(Reply::Stream(response, Box::new(streaming)))
}

fn resolve(call: &mut Call, segment: &str) -> Result<(Asked, Family), WireError> {
    let asked = call.app.registry.catalogue.resolve(segment)?;
    call.record.model.clone_from(&asked.id);
    // A configured id of no known vendor: the shape that most open models' servers speak.
    let family =
        asked.family.filter(|family| family.generates_text()).unwrap_or(Family::OpenAiChat);
    Ok((asked, family))
}

/// The body, and what the headers of InvokeModel say.
async fn read(
    call: &Call,
    asked: &Asked,
    family: Family,
    streaming: bool,
) -> Result<Request, WireError> {
    let id = asked.id.clone();
    let mut request = parse(call, move |body| {
        let invocation = Invocation { streaming: Some(streaming), model_id: Some(&id) };
        families::parse_invocation(family, body, invocation)
    })
    .await?;
    read_headers(call, &mut request)?;
    Ok(request)
}

fn read_headers(call: &Call, request: &mut Request) -> Result<(), WireError> {
    for name in ["x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion"] {
        if call.parts.headers.contains_key(name) {
            return Err(WireError::validation(format!(
                "Guardrails are not supported by this server: remove {name}."
            )));
        }
    }
    if let Some(tier) = call.header("x-amzn-bedrock-service-tier") {
        request.service_tier = one_of("service-tier", tier, &TIERS)?;
    }
    if let Some(latency) = call.header("x-amzn-bedrock-performanceconfig-latency") {
        let optimized = one_of(
            "performanceconfig-latency",
            latency,
            &[("standard", false), ("optimized", true)],
        )?;
        if optimized {
            request.ignored.push("performanceConfig.latency".to_owned());
        }
    }
    if let Some(trace) = call.header("x-amzn-bedrock-trace") {
        let asked = one_of(
            "trace",
            trace,
            &[("ENABLED", true), ("DISABLED", false), ("ENABLED_FULL", true)],
        )?;
        if asked {
            request.ignored.push("trace".to_owned());
        }
    }
    if let Some(metadata) = call.header("x-amzn-bedrock-request-metadata") {
        request.request_metadata = read_metadata(metadata)?;
    }
    Ok(())
}

const TIERS: [(&str, ServiceTier); 4] = [
    ("priority", ServiceTier::Priority),
    ("default", ServiceTier::Default),
    ("flex", ServiceTier::Flex),
    ("reserved", ServiceTier::Reserved),
];

fn one_of<T: Copy>(header: &str, value: &str, allowed: &[(&str, T)]) -> Result<T, WireError> {
    let found = allowed.iter().find(|(name, _)| *name == value);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let names: Vec<_> = allowed.iter().map(|(name, _)| *name).collect();
        WireError::validation(format!(
            "1 validation error detected: Value at 'x-amzn-bedrock-{header}' failed to satisfy constraint: Member must \
             satisfy enum value set: [{}]",
            names.join(", ")
        ))
    })
}

fn read_metadata(text: &str) -> Result<Vec<(String, String)>, WireError> {
    let invalid = |what: &str| {
        WireError::validation(format!("The header x-amzn-bedrock-request-metadata {what}."))
    };
    if text.len() > MAX_METADATA {
        return Err(invalid("is longer than 8500 characters"));
    }
    let map: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| invalid("is not a JSON object"))?;
    let pairs = map.into_iter().map(|(key, value)| match value {
        Value::String(value) => Ok((key, value)),
        _ => Err(invalid("has a value that is not a string")),
    });
    pairs.collect()
}

/// Says how it was served: no model here has an optimised latency, so it is always the standard one.
fn describe_served<B>(response: &mut Response<B>, tier: ServiceTier) {
    let name = TIERS.iter().find(|(_, each)| *each == tier).map_or("default", |(name, _)| name);
    put(response, "x-amzn-bedrock-service-tier", name);
    put(response, "x-amzn-bedrock-performanceconfig-latency", "standard");
}

/// Chunks of a family's native JSON.
struct NativeFrames {
    family: Family,
    context: ResponseContext,
    /// Made when the seed is known.
    encoder: Option<StreamEncoder>,
}

impl NativeFrames {
    fn send(frames: &mut Frames, chunks: &[Value]) {
        chunks.iter().for_each(|chunk| frames.chunk(chunk));
    }
}

impl Encode for NativeFrames {
    fn start(&mut self, started: Started, frames: &mut Frames) {
        self.context.seed = started.seed;
        // The family's body was read, so it is one that can be written.
        if let Ok(mut encoder) = StreamEncoder::new(self.family, self.context.clone()) {
            Self::send(frames, &encoder.start());
            self.encoder = Some(encoder);
        }
    }

    fn event(&mut self, event: &Event, frames: &mut Frames) {
        if let Some(encoder) = &mut self.encoder {
            Self::send(frames, &encoder.push(event));
        }
    }

    fn finish(&mut self, usage: Usage, latency: Latency, frames: &mut Frames) {
        if let Some(encoder) = &mut self.encoder {
            Self::send(frames, &encoder.finish(usage, latency));
        }
    }

    /// Anthropic's streams have an event for it; elsewhere an event of a type that no client knows, which all skip.
    fn keep_alive(&mut self, frames: &mut Frames) {
        if self.family == Family::AnthropicMessages {
            frames.chunk(&json!({"type": "ping"}));
        } else {
            frames.event("ping", &json!({}));
        }
    }

    fn operation(&self) -> StreamOperation {
        StreamOperation::InvokeModelWithResponseStream
    }
}
