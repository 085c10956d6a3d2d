//! The response object and its output items, whole or in the making.

use serde_json::{Map, Value, json};

use super::Echo;
use crate::canonical::{Answer, AnswerBlock, BlockKind, ResponseContext, StopReason, Usage};
use crate::error::{ErrorKind, Subject, WireError};

/// Arguments of a call that has none: clients parse the text as JSON.
pub(super) const NO_ARGUMENTS: &str = "{}";

/// How a response or an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    Incomplete,
    Failed,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Status::InProgress => "in_progress",
            Status::Completed => "completed",
            Status::Incomplete => "incomplete",
            Status::Failed => "failed",
        }
    }

    /// How a response ends for a reason.
    pub(super) fn of(reason: StopReason) -> Self {
        match reason {
            StopReason::EndTurn | StopReason::StopSequence | StopReason::ToolUse => {
                Status::Completed
            }
            StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => Status::Incomplete,
            StopReason::MalformedToolUse | StopReason::MalformedModelOutput => Status::Failed,
        }
    }

    /// How the last item of a response with this status stands; those before it are complete.
    pub(super) fn of_last_item(self) -> Self {
        if self == Status::Completed { Status::Completed } else { Status::Incomplete }
    }
}

/// The body of a whole answer.
#[must_use]
pub fn encode_answer(answer: &Answer, context: &ResponseContext, echo: &Echo) -> Value {
    let choice = answer.choices.first();
    let reason = choice.map_or(StopReason::MalformedModelOutput, |choice| choice.stop_reason);
    let blocks = choice.map_or(&[][..], |choice| &choice.content);
    let ended = Status::of(reason);
    let items = blocks.iter().enumerate().map(|(index, block)| {
        let last = index + 1 == blocks.len();
        let status = if last { ended.of_last_item() } else { Status::Completed };
        item(block, &item_id(context, &block.kind, index), status)
    });
    let output: Vec<Value> = items.collect();
    let mut body = response(context, echo, ended, &output);
    end(&mut body, reason);
    body["usage"] = usage_value(answer.usage);
    body
}

/// The response object, without usage and without a reason for how it stands.
pub(super) fn response(
    context: &ResponseContext,
    echo: &Echo,
    status: Status,
    output: &[Value],
) -> Value {
    let head = json!({
        "id": format!("resp_{}", hex(context)),
        "object": "response",
        "created_at": context.created,
        "status": status.as_str(),
        "background": false,
        "error": null,
        "incomplete_details": null,
        "model": context.model_id,
        "output": output,
        "parallel_tool_calls": !echo.one_call,
        "previous_response_id": null,
        "reasoning": {"effort": echo.effort, "summary": null},
        "service_tier": echo.service_tier.as_str(),
        "store": false,
        "truncation": "disabled",
        "usage": null,
    });
    let mut members: Map<String, Value> = echo.members.clone();
    if let Value::Object(head) = head {
        members.extend(head);
    }
    Value::Object(members)
}

/// Says why a response ended as it did.
pub(super) fn end(body: &mut Value, reason: StopReason) {
    match Status::of(reason) {
        Status::Incomplete => body["incomplete_details"] = json!({"reason": "max_output_tokens"}),
        Status::Failed => {
            let message = format!("The model's output is not well-formed: {}.", reason.as_str());
            body["error"] = json!({"code": "server_error", "message": message});
        }
        Status::InProgress | Status::Completed => {}
    }
}

/// `error` of a response that failed.
pub(super) fn error_value(error: &WireError) -> Value {
    let code = match (error.kind, &error.subject) {
        (ErrorKind::Throttling, _) => "rate_limit_exceeded",
        (_, Some(Subject::ContextLength)) => "invalid_prompt",
        _ => "server_error",
    };
    json!({"code": code, "message": error.message})
}

pub(super) fn usage_value(usage: Usage) -> Value {
    let input = usage.input + usage.cache_read + usage.cache_write;
    json!({
        "input_tokens": input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.output,
        // Not counted apart.
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input + usage.output,
    })
}

/// An output item. One in progress has no content yet.
pub(super) fn item(block: &AnswerBlock, id: &str, status: Status) -> Value {
    let begun = status == Status::InProgress;
    let parts = if begun { json!([]) } else { json!([part(&block.kind, &block.text)]) };
    match &block.kind {
        BlockKind::Text => json!({
            "id": id,
            "type": "message",
            "status": status.as_str(),
            "role": "assistant",
            "content": parts,
        }),
        BlockKind::Reasoning => json!({
            "id": id,
            "type": "reasoning",
            "status": status.as_str(),
            "summary": [],
            "content": parts,
        }),
        BlockKind::ToolUse { id: call_id, name } => {
            let none = if begun { "" } else { NO_ARGUMENTS };
            json!({
                "id": id,
                "type": "function_call",
                "status": status.as_str(),
                "call_id": call_id,
                "name": name,
                "arguments": if block.text.is_empty() { none } else { &block.text },
            })
        }
    }
}

/// The one content part of an item of text or reasoning.
pub(super) fn part(kind: &BlockKind, text: &str) -> Value {
    if *kind == BlockKind::Reasoning {
        return json!({"type": "reasoning_text", "text": text});
    }
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

/// The id of an output item, from the request's id and the item's place.
pub(super) fn item_id(context: &ResponseContext, kind: &BlockKind, index: usize) -> String {
    let prefix = match kind {
        BlockKind::Text => "msg",
        BlockKind::Reasoning => "rs",
        BlockKind::ToolUse { .. } => "fc",
    };
    format!("{prefix}_{}_{index}", hex(context))
}

fn hex(context: &ResponseContext) -> String {
    context.request_id.replace('-', "")
}
