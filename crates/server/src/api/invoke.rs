//! InvokeModel and InvokeModelWithResponseStream: the family's own bodies.

use std::sync::Arc;

use bedrock::canonical::{Answer, Latency, Request, ResponseContext, ServiceTier};
use bedrock::error::{StreamOperation, WireError};
use bedrock::eventstream;
use bedrock::families::{self, Invocation, StreamEncoder};
use bedrock::family::Family;
use serde_json::{Value, json};

use super::shapes::{Shapes, answer};
use super::{headers, model, parse};
use crate::call::{Call, Outcome};
use crate::stream::Frames;

/// `POST /model/{modelId}/invoke` and `POST /model/{modelId}/invoke-with-response-stream`
pub(crate) async fn invoke(call: &mut Call, segment: &str, streaming: bool) -> Outcome {
    let asked = model::resolve(call, segment).await?;
    // A configured id of no known vendor: its body tells which shape it has.
    let family = asked.family.filter(|family| family.generates_text());
    let id = asked.id.clone();
    let (family, mut request) = parse(call, move |body| {
        let invocation = Invocation { streaming: Some(streaming), model_id: Some(&id) };
        families::parse_told(family, body, invocation)
    })
    .await?;
    headers::read(call, &mut request)?;
    let request = Arc::new(request);
    let shapes = Native {
        family,
        tier: request.service_tier,
        echoed: families::echoes(family).then(|| Arc::clone(&request)),
    };
    answer(call, &asked, request, shapes, streaming).await
}

struct Native {
    family: Family,
    tier: ServiceTier,
    /// The request, where the answer repeats a part of it.
    echoed: Option<Arc<Request>>,
}

impl Shapes for Native {
    type Encoder = StreamEncoder;

    fn whole(
        &self,
        answer: &Answer,
        context: &ResponseContext,
        latency: &Latency,
    ) -> Result<Value, WireError> {
        let mut body = families::encode_answer(self.family, answer, context, latency)?;
        if let Some(request) = &self.echoed {
            families::echo(self.family, request, &mut body);
        }
        Ok(body)
    }

    fn encoder(&self, context: &ResponseContext) -> Result<StreamEncoder, WireError> {
        let encoder = StreamEncoder::new(self.family, context.clone())?;
        Ok(match &self.echoed {
            Some(request) => encoder.echoing(request),
            None => encoder,
        })
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
    fn headers(&self) -> Vec<(&'static str, &'static str)> {
        vec![
            ("x-amzn-bedrock-service-tier", self.tier.as_str()),
            ("x-amzn-bedrock-performanceconfig-latency", "standard"),
        ]
    }
}
