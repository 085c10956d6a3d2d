//! CountTokens: the prompt of a request, counted by the same path that would compute it.

use std::sync::Arc;

use bedrock::count_tokens;
use bedrock::family::Family;
use http::StatusCode;

use super::{parse, prompt_tokens};
use crate::call::{Call, Outcome, Reply};
use crate::respond::{self, put};

/// `POST /model/{modelId}/count-tokens`
pub(crate) async fn count_tokens(call: &mut Call, segment: &str) -> Outcome {
    let asked = call.app.registry.catalogue.resolve(segment)?;
    call.record.model.clone_from(&asked.id);
    let family = asked.family.unwrap_or(Family::OpenAiChat);
    let reading = call.app.reading();
    let request =
        parse(call, move |body| count_tokens::read_request(body, family, reading)).await?;
    let request = Arc::new(request);
    let serving = call.app.registry.acquire(&asked.source).await?;
    call.record.served_by.clone_from(&serving.name);
    let tokens = prompt_tokens(call, &serving, &request).await?.len() as u64;
    call.record.usage.input = tokens;
    let mut response = respond::json(StatusCode::OK, &count_tokens::encode_answer(tokens))?;
    put(&mut response, "x-outcrop-model", &serving.name);
    respond::put_mended(&mut response, &request.mended);
    Ok(Reply::Whole(response))
}
