//! OpenAI's API: chat completions, Responses, models.

use bedrock::canonical::{Answer, Latency, ResponseContext};
use bedrock::doors::{Door, chat, models, responses};
use bedrock::error::WireError;
use bedrock::model_id;
use bedrock::sse;
use http::StatusCode;
use serde_json::Value;

use super::named::{answer_named, resolve_named};
use super::shapes::Shapes;
use crate::call::{Call, Outcome, Reply};
use crate::respond;
use crate::stream::Frames;

/// `POST /v1/chat/completions`
pub(crate) async fn chat(call: &mut Call) -> Outcome {
    answer_named(call, chat::parse_request, |options| Chat { options }).await
}

/// `POST /v1/responses`
pub(crate) async fn responses(call: &mut Call) -> Outcome {
    answer_named(call, responses::parse_request, |echo| Responses { echo }).await
}

/// `GET /v1/models`
pub(crate) fn list_models(call: &Call) -> Outcome {
    // Who serves a model is the control plane's to tell; here it matters that somebody does.
    let listings = call.app.registry.catalogue.listings(|_| String::new());
    Ok(Reply::Whole(respond::json(StatusCode::OK, &models::list(&listings))?))
}

/// `GET /v1/models/{model}`
pub(crate) async fn get_model(call: &mut Call, segment: &str) -> Outcome {
    let model = model_id::decode_segment(segment)?;
    let asked = resolve_named(call, &model).await?;
    Ok(Reply::Whole(respond::json(StatusCode::OK, &models::one(&asked.id))?))
}

struct Chat {
    options: chat::Options,
}

impl Shapes for Chat {
    type Encoder = chat::StreamEncoder;

    fn whole(
        &self,
        answer: &Answer,
        context: &ResponseContext,
        _latency: &Latency,
    ) -> Result<Value, WireError> {
        Ok(chat::encode_answer(answer, context))
    }

    fn encoder(&self, context: &ResponseContext) -> Result<Self::Encoder, WireError> {
        Ok(chat::StreamEncoder::new(context.clone(), self.options))
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.raw(&sse::comment("ping"));
    }

    /// An event in place of a chunk, and no `[DONE]`.
    fn failed(
        &self,
        context: &ResponseContext,
        _encoder: Option<&mut Self::Encoder>,
        error: &WireError,
        frames: &mut Frames,
    ) {
        let body = Door::OpenAi.body(error, &context.request_id);
        frames.sse(&sse::Event::data(&body));
    }
}

struct Responses {
    echo: responses::Echo,
}

impl Shapes for Responses {
    type Encoder = responses::StreamEncoder;

    fn whole(
        &self,
        answer: &Answer,
        context: &ResponseContext,
        _latency: &Latency,
    ) -> Result<Value, WireError> {
        Ok(responses::encode_answer(answer, context, &self.echo))
    }

    fn encoder(&self, context: &ResponseContext) -> Result<Self::Encoder, WireError> {
        Ok(responses::StreamEncoder::new(context.clone(), self.echo.clone()))
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.raw(&sse::comment("ping"));
    }

    /// The response itself says that it failed, so it is created first if need be.
    fn failed(
        &self,
        context: &ResponseContext,
        encoder: Option<&mut Self::Encoder>,
        error: &WireError,
        frames: &mut Frames,
    ) {
        let events = if let Some(encoder) = encoder {
            encoder.fail(error)
        } else {
            let mut encoder = responses::StreamEncoder::new(context.clone(), self.echo.clone());
            let mut events = encoder.start();
            events.extend(encoder.fail(error));
            events
        };
        events.iter().for_each(|event| frames.sse(event));
    }
}
