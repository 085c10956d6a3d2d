//! Converse and ConverseStream.

use std::sync::Arc;

use bedrock::canonical::{Event, Latency, ResponseContext, Usage};
use bedrock::converse::{self, Echo, StreamEncoder};
use bedrock::error::StreamOperation;
use bedrock::eventstream;
use http::{Response, StatusCode};
use serde_json::json;

use super::{begin, context, describe, describe_whole, first_step, parse, whole};
use crate::call::{Call, Outcome, Reply};
use crate::generate::{Started, Step};
use crate::respond::{self, put};
use crate::stream::{Encode, Frames, Streaming};

/// `POST /model/{modelId}/converse`
pub(crate) async fn converse(call: &mut Call, segment: &str) -> Outcome {
    let asked = call.app.registry.catalogue.resolve(segment)?;
    call.record.model.clone_from(&asked.id);
    let request = Arc::new(parse(call, converse::parse_request).await?);
    let mut lease = begin(call, &asked, Arc::clone(&request)).await?;
    let facts = lease.facts().clone();
    call.record.served_by.clone_from(&facts.model);
    let (answer, started) = whole(call, &mut lease, request.choices).await?;
    let context = context(call, &asked, &facts, started.seed);
    let body =
        converse::encode_answer(&answer, &context, &call.record.latency(), &Echo::of(&request));
    let mut response = respond::json(StatusCode::OK, &body)?;
    describe(&mut response, &facts, Some(started), &request);
    describe_whole(&mut response, call);
    Ok(Reply::Whole(response))
}

/// `POST /model/{modelId}/converse-stream`
pub(crate) async fn converse_stream(call: &mut Call, segment: &str) -> Outcome {
    let asked = call.app.registry.catalogue.resolve(segment)?;
    call.record.model.clone_from(&asked.id);
    let request = Arc::new(parse(call, converse::parse_request).await?);
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
    describe(&mut response, &facts, started, &request);
    let encoder = ConverseFrames {
        context: context(call, &asked, &facts, 0),
        echo: Echo::of(&request),
        encoder: None,
    };
    let streaming = Streaming { lease, seen, encoder: Box::new(encoder) };
    Ok(Reply::Stream(response, Box::new(streaming)))
}

/// Frames of ConverseStream.
struct ConverseFrames {
    context: ResponseContext,
    echo: Echo,
    /// Made when the seed is known.
    encoder: Option<StreamEncoder>,
}

impl ConverseFrames {
    fn send(frames: &mut Frames, events: &[(&str, serde_json::Value)]) {
        events.iter().for_each(|(event_type, payload)| frames.event(event_type, payload));
    }
}

impl Encode for ConverseFrames {
    fn start(&mut self, started: Started, frames: &mut Frames) {
        self.context.seed = started.seed;
        let mut encoder = StreamEncoder::new(&self.context, self.echo.clone());
        Self::send(frames, &encoder.start());
        self.encoder = Some(encoder);
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

    /// An event of a type that no client knows; all were seen to skip it.
    fn keep_alive(&mut self, frames: &mut Frames) {
        frames.event("ping", &json!({}));
    }

    fn operation(&self) -> StreamOperation {
        StreamOperation::ConverseStream
    }
}
