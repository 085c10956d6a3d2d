//! For operators: alive, ready, and the engines' counters.

use bedrock::doors::Door;
use bedrock::error::WireError;
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;
use crate::call::{Call, Outcome, Reply};
use crate::registry::Serving;
use crate::respond;

/// `GET /health`: the process answers.
pub(crate) fn health() -> Outcome {
    Ok(Reply::Whole(respond::json(StatusCode::OK, &json!({"status": "ok"}))?))
}

/// `GET /ready`: the default model is loaded and the server is not stopping.
pub(crate) fn ready(app: &App) -> Outcome {
    let (status, word) = match (app.is_draining(), app.is_ready()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (false, true) => (StatusCode::OK, "ready"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "loading"),
    };
    let mut response = respond::json(status, &json!({"status": word}))?;
    if status.is_server_error() {
        respond::put_error(&mut response, Door::Bedrock, &WireError::unavailable());
    }
    Ok(Reply::Whole(response))
}

/// `GET /outcrop/counters`: what the engine of each loaded model has done and holds.
pub(crate) fn counters(call: &Call) -> Outcome {
    let registry = &call.app.registry;
    let models: Vec<_> =
        registry.loaded().iter().map(|(source, serving)| model_counters(source, serving)).collect();
    let body = json!({"models": models, "model_bytes": registry.used_bytes()});
    Ok(Reply::Whole(respond::json(StatusCode::OK, &body)?))
}

fn model_counters(source: &str, serving: &Serving) -> Value {
    let counters = serving.handle.counters();
    json!({
        "name": serving.name,
        "source": source,
        "fingerprint": serving.handle.info().fingerprint,
        "prompt_tokens_computed": counters.prompt_tokens_computed,
        "prompt_tokens_cached": counters.prompt_tokens_cached,
        "tokens_generated": counters.tokens_generated,
        "steps": counters.steps,
        "preemptions": counters.preemptions,
        "running": counters.running,
        "waiting": counters.waiting,
        "paused": counters.paused,
        "kv_blocks_total": counters.kv_blocks_total,
        "kv_blocks_used": counters.kv_blocks_used,
        "kv_blocks_cached": counters.kv_blocks_cached,
    })
}
