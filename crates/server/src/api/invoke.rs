//! InvokeModel and InvokeModelWithResponseStream: the family's own bodies.

use bedrock::canonical::{Answer, Latency, ResponseContext, ServiceTier};
use bedrock::error::{StreamOperation, WireError};
use bedrock::eventstream;
use bedrock::families::{self, Invocation, StreamEncoder};
use bedrock::family::Family;
use serde_json::{Value, json};

use super::shapes::{Shapes, answer};
use super::{headers, parse, resolve};
use crate::call::{Call, Outcome};
use crate::stream::Frames;

/// `POST /model/{modelId}/invoke` and `POST /model/{modelId}/invoke-with-response-stream`
pub(crate) async fn invoke(call: &mut Call, segment: &str, streaming: bool) -> Outcome {
    let asked = resolve(call, segment)?;
    // A configured id of no known vendor: the shape that most open models' servers speak.
    let family =
        asked.family.filter(|family| family.generates_text()).unwrap_or(Family::OpenAiChat);
    let id = asked.id.clone();
    let mut request = parse(call, move |body| {
        let invocation = Invocation { streaming: Some(streaming), model_id: Some(&id) };
        families::parse_invocation(family, body, invocation)
    })
    .await?;
    headers::read(call, &mut request)?;
    let shapes = Native { family, tier: request.service_tier };
    answer(call, &asked, request, shapes, streaming).await
}

struct Native {
    family: Family,
    tier: ServiceTier,
}

impl Shapes for Native {
    type Encoder = StreamEncoder;
    const STREAM: &'static str = eventstream::CONTENT_TYPE;

    fn whole(
        &self,
        answer: &Answer,
        context: &ResponseContext,
        latency: &Latency,
    ) -> Result<Value, WireError> {
        families::encode_answer(self.family, answer, context, latency)
    }

    fn encoder(&self, context: &ResponseContext) -> Result<StreamEncoder, WireError> {
        StreamEncoder::new(self.family, context.clone())
    }

    fn frame(chunk: &Value, frames: &mut Frames) {
        frames.chunk(chunk);
    }

    /// Anthropic's streams have an event for it; elsewhere an event of a type that no client knows, which all skip.
    fn keep_alive(&self, frames: &mut Frames) {
        if self.family == Family::AnthropicMessages {
            frames.chunk(&json!({"type": "ping"}));
        } else {
            frames.event("ping", &json!({}));
        }
    }

    fn failed(
        &self,
        _context: &ResponseContext,
        _encoder: Option<&mut StreamEncoder>,
        error: &WireError,
        frames: &mut Frames,
    ) {
        let operation = StreamOperation::InvokeModelWithResponseStream;
        frames.raw(&eventstream::exception(error, operation));
    }

    /// Says how it was served: no model here has an optimised latency, so it is always the standard one.
    fn headers(&self, streaming: bool) -> Vec<(&'static str, &'static str)> {
        let mut headers = vec![
            ("x-amzn-bedrock-service-tier", self.tier.as_str()),
            ("x-amzn-bedrock-performanceconfig-latency", "standard"),
        ];
        if streaming {
            headers.push(("x-amzn-bedrock-content-type", "application/json"));
        }
        headers
    }
}
