//! CountTokens: the prompt of a request, counted by the same path that would compute it.

use std::sync::Arc;

use bedrock::count_tokens;
use bedrock::family::Family;
use http::StatusCode;

use super::{model, parse, prompt_tokens};
use crate::call::{Call, Outcome, Reply};
use crate::respond::{self, put};

/// `POST /model/{modelId}/count-tokens`
pub(crate) async fn count_tokens(call: &mut Call, segment: &str) -> Outcome {
    let asked = model::resolve(call, segment).await?;
    call.record.model.clone_from(&asked.id);
    let family = asked.family.unwrap_or(Family::OpenAiChat);
    let request =
        Arc::new(parse(call, move |body| count_tokens::parse_request(body, family)).await?);
    let serving = call.app.registry.acquire(&asked.source).await?;
    call.record.served_by.clone_from(&serving.name);
    let tokens = prompt_tokens(call, &serving, &request).await?.len() as u64;
    call.record.usage.input = tokens;
    let mut response = respond::json(StatusCode::OK, &count_tokens::encode_answer(tokens))?;
    put(&mut response, "x-outcrop-model", &serving.name);
    Ok(Reply::Whole(response))
}
