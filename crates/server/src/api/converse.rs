//! Converse and ConverseStream.

use bedrock::canonical::{Answer, Latency, ResponseContext};
use bedrock::converse::{self, Echo, StreamEncoder};
use bedrock::error::{StreamOperation, WireError};
use bedrock::eventstream;
use serde_json::{Value, json};

use super::shapes::{Shapes, answer};
use super::{model, parse};
use crate::call::{Call, Outcome};
use crate::stream::Frames;

/// `POST /model/{modelId}/converse` and `POST /model/{modelId}/converse-stream`
pub(crate) async fn converse(call: &mut Call, segment: &str, streaming: bool) -> Outcome {
    let asked = model::resolve(call, segment).await?;
    let reading = call.app.reading();
    let request = parse(call, move |body| converse::read_request(body, reading)).await?;
    let shapes = Converse { echo: Echo::of(&request) };
    answer(call, &asked, request, shapes, streaming).await
}

struct Converse {
    echo: Echo,
}

impl Shapes for Converse {
    type Encoder = StreamEncoder;

    fn whole(
        &self,
        answer: &Answer,
        context: &ResponseContext,
        latency: &Latency,
    ) -> Result<Value, WireError> {
        Ok(converse::encode_answer(answer, context, latency, &self.echo))
    }

    fn encoder(&self, context: &ResponseContext) -> Result<StreamEncoder, WireError> {
        Ok(StreamEncoder::new(context, self.echo.clone()))
    }

    /// An event of a type that no client knows; all were seen to skip it.
    fn keep_alive(&self, frames: &mut Frames) {
        frames.event("ping", &json!({}));
    }

    fn failed(
        &self,
        _context: &ResponseContext,
        _encoder: Option<&mut StreamEncoder>,
        error: &WireError,
        frames: &mut Frames,
    ) {
        frames.raw(&eventstream::exception(error, StreamOperation::ConverseStream));
    }
}
