//! CountTokens: the prompt of a request, counted by the same path that would compute it.

use std::sync::Arc;

use bedrock::count_tokens;
use http::StatusCode;

use super::{count, model, parse};
use crate::call::{Call, Outcome, Reply};
use crate::respond::{self, put};

/// `POST /model/{modelId}/count-tokens`
pub(crate) async fn count_tokens(call: &mut Call, segment: &str) -> Outcome {
    let asked = model::resolve(call, segment).await?;
    let family = asked.family;
    let reading = call.app.reading();
    let request =
        parse(call, move |body| count_tokens::read_request(body, family, reading)).await?;
    let request = Arc::new(request);
    let (tokens, serving) = count(call, &asked, Arc::clone(&request)).await?;
    let mut response = respond::json(StatusCode::OK, &count_tokens::encode_answer(tokens))?;
    put(&mut response, "x-outcrop-model", &serving);
    respond::put_mended(&mut response, &request.mended);
    Ok(Reply::Whole(response))
}
