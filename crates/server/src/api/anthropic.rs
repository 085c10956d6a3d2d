//! Anthropic's API: Messages and their count of tokens.

use std::sync::Arc;

use bedrock::canonical::{Answer, Latency, ResponseContext};
use bedrock::doors::{Door, messages};
use bedrock::error::WireError;
use bedrock::sse;
use http::StatusCode;
use serde_json::Value;

use super::named::{answer_named, resolve_named};
use super::shapes::Shapes;
use super::{count, headers, parse};
use crate::call::{Call, Outcome, Reply};
use crate::respond::{self, put};
use crate::stream::Frames;

/// `POST /anthropic/v1/messages`
pub(crate) async fn messages(call: &mut Call) -> Outcome {
    answer_named(call, messages::parse_request, |()| Messages).await
}

/// `POST /anthropic/v1/messages/count_tokens`
pub(crate) async fn count_tokens(call: &mut Call) -> Outcome {
    let mut named = parse(call, messages::parse_countable).await?;
    let asked = resolve_named(call, &named.model).await?;
    headers::read(call, &mut named.request)?;
    let (tokens, serving) = count(call, &asked, Arc::new(named.request)).await?;
    let mut response = respond::json(StatusCode::OK, &messages::encode_count(tokens))?;
    put(&mut response, "x-outcrop-model", &serving);
    Ok(Reply::Whole(response))
}

struct Messages;

impl Shapes for Messages {
    type Encoder = messages::StreamEncoder;

    fn whole(
        &self,
        answer: &Answer,
        context: &ResponseContext,
        _latency: &Latency,
    ) -> Result<Value, WireError> {
        Ok(messages::encode_answer(answer, context))
    }

    fn encoder(&self, context: &ResponseContext) -> Result<Self::Encoder, WireError> {
        Ok(messages::StreamEncoder::new(context.clone()))
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.sse(&messages::ping());
    }

    fn failed(
        &self,
        context: &ResponseContext,
        _encoder: Option<&mut Self::Encoder>,
        error: &WireError,
        frames: &mut Frames,
    ) {
        let body = Door::Anthropic.body(error, &context.request_id);
        frames.sse(&sse::Event::typed(&body));
    }
}
