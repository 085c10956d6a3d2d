//! What a body says about reasoning: Claude's `thinking`, OpenAI's and Converse's effort, Nova's `reasoningConfig`.

use crate::canonical::{Effort, Reasoning, Request, Thinking, ToolChoice};
use crate::error::WireError;
use crate::json::{Fields, Node};

/// Smallest `budget_tokens` (Anthropic, "Building with extended thinking").
const BUDGET_MIN: u32 = 1024;
/// Smallest `top_p` beside thinking (the same page).
const TOP_P_MIN: f32 = 0.95;

/// Names of efforts. OpenAI's `none` is no effort: it turns reasoning off.
const EFFORTS: [(&str, Effort); 6] = [
    ("minimal", Effort::Minimal),
    ("low", Effort::Low),
    ("medium", Effort::Medium),
    ("high", Effort::High),
    ("xhigh", Effort::XHigh),
    ("max", Effort::Max),
];

impl Effort {
    /// Its name on the wire and in chat templates.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        EFFORTS.iter().find(|(_, effort)| *effort == self).map_or("medium", |(name, _)| name)
    }
}

/// Reads `thinking` of Claude's body: `{"type": "enabled", "budget_tokens": n}`, `adaptive` or `disabled`.
pub(crate) fn read_thinking(
    fields: &mut Fields<'_>,
    reasoning: &mut Reasoning,
) -> Result<(), WireError> {
    let Some(node) = fields.take("thinking") else { return Ok(()) };
    let words = [
        ("enabled", Thinking::Default),
        ("adaptive", Thinking::Adaptive),
        ("disabled", Thinking::Off),
    ];
    reasoning.thinking = node.read(|fields| match fields.require("type")?.word(&words)? {
        Thinking::Default => {
            let budget = fields.require("budget_tokens")?.integer_u32(BUDGET_MIN, u32::MAX)?;
            Ok(Thinking::On { budget_tokens: Some(budget) })
        }
        other => Ok(other),
    })?;
    reasoning.named = "thinking";
    Ok(())
}

/// Reads Nova's `reasoningConfig`: `{"type": "enabled", "maxReasoningEffort": "low"}` or `disabled`.
pub(crate) fn read_reasoning_config(
    fields: &mut Fields<'_>,
    reasoning: &mut Reasoning,
) -> Result<(), WireError> {
    let Some(node) = fields.take("reasoningConfig") else { return Ok(()) };
    if reasoning.thinking != Thinking::Default {
        return Err(node.error("says the same as thinking; send one of them"));
    }
    node.read(|fields| {
        let enabled = fields.require("type")?.word(&[("enabled", true), ("disabled", false)])?;
        let on = Thinking::On { budget_tokens: None };
        reasoning.thinking = if enabled { on } else { Thinking::Off };
        reasoning.named = "reasoningConfig";
        let Some(effort) = fields.take("maxReasoningEffort") else { return Ok(()) };
        if !enabled {
            return Err(effort.error("needs reasoningConfig.type to be enabled"));
        }
        let words = [("low", Effort::Low), ("medium", Effort::Medium), ("high", Effort::High)];
        reasoning.effort = Some(effort.word(&words)?);
        Ok(())
    })
}

/// Reads an effort of Converse (`outputConfig.effort`) or Claude (`output_config.effort`).
pub(crate) fn read_effort(
    node: &Node<'_>,
    named: &'static str,
    reasoning: &mut Reasoning,
) -> Result<(), WireError> {
    check_unsaid(node, reasoning)?;
    reasoning.effort = Some(node.word(&EFFORTS[1..])?);
    reasoning.named = named;
    Ok(())
}

/// Reads `reasoning_effort` of OpenAI's body.
pub(crate) fn read_openai_effort(
    fields: &mut Fields<'_>,
    reasoning: &mut Reasoning,
) -> Result<(), WireError> {
    let Some(node) = fields.take("reasoning_effort") else { return Ok(()) };
    read_openai_word(&node, "reasoning_effort", reasoning)
}

/// Reads `reasoning` of a Responses body: its `effort`. Reasoning is in the clear, so a `summary` has nothing to say.
pub(crate) fn read_responses_reasoning(
    fields: &mut Fields<'_>,
    request: &mut Request,
) -> Result<(), WireError> {
    let Some(node) = fields.take("reasoning") else { return Ok(()) };
    node.read(|fields| {
        fields.ignore(&["summary", "generate_summary"], &mut request.ignored);
        match fields.take("effort") {
            Some(node) => read_openai_word(&node, "reasoning.effort", &mut request.reasoning),
            None => Ok(()),
        }
    })
}

/// Reads an effort in OpenAI's words.
fn read_openai_word(
    node: &Node<'_>,
    named: &'static str,
    reasoning: &mut Reasoning,
) -> Result<(), WireError> {
    check_unsaid(node, reasoning)?;
    reasoning.named = named;
    if node.value() == "none" {
        reasoning.thinking = Thinking::Off;
        return Ok(());
    }
    reasoning.effort = Some(node.word(&EFFORTS[..5])?);
    Ok(())
}

/// An effort may be said once, and not of reasoning that is off.
fn check_unsaid(node: &Node<'_>, reasoning: &Reasoning) -> Result<(), WireError> {
    if reasoning.effort.is_some() || reasoning.thinking == Thinking::Off {
        return Err(node.error(format_args!("{} says it too, or forbids it", reasoning.named)));
    }
    Ok(())
}

/// What `thinking` does not go together with, once the whole body is read. The texts are Anthropic's.
pub(crate) fn check(request: &Request) -> Result<(), WireError> {
    let refuse = |text: &str| Err(WireError::validation(text));
    let budget = match request.reasoning.thinking {
        // Without a budget it is Nova's.
        Thinking::Default | Thinking::Off | Thinking::On { budget_tokens: None } => return Ok(()),
        Thinking::Adaptive => None,
        Thinking::On { budget_tokens } => budget_tokens,
    };
    let sampling = &request.sampling;
    if sampling.temperature.is_some_and(|temperature| temperature != 1.0) {
        return refuse("`temperature` may only be set to 1 when thinking is enabled.");
    }
    if sampling.top_k.is_some_and(|top_k| top_k > 0) {
        return refuse("`top_k` must be unset when thinking is enabled.");
    }
    if sampling.top_p.is_some_and(|top_p| top_p < TOP_P_MIN) {
        return refuse(
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.",
        );
    }
    if matches!(request.tool_choice, ToolChoice::Any | ToolChoice::Named(_)) {
        return refuse("Thinking may not be enabled when tool_choice forces tool use.");
    }
    match (budget, request.max_tokens) {
        (Some(budget), Some(max)) if budget >= max => {
            refuse("`max_tokens` must be greater than `thinking.budget_tokens`.")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::families;
    use crate::family::Family;

    fn joined(base: Value, more: &Value) -> Value {
        let mut body = base;
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    }

    fn converse(more: &Value) -> Result<Reasoning, String> {
        let base = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
        let body = joined(base, more).to_string();
        let request = crate::converse::parse_request(body.as_bytes());
        request.map(|request| request.reasoning).map_err(|error| error.message)
    }

    fn native(family: Family, more: &Value) -> Result<Reasoning, String> {
        let base = json!({"messages": [{"role": "user", "content": "hi"}]});
        let body = joined(base, more).to_string();
        let request = families::parse_request(family, body.as_bytes(), false);
        request.map(|request| request.reasoning).map_err(|error| error.message)
    }

    fn fields(fields: &Value) -> Result<Reasoning, String> {
        converse(&json!({"additionalModelRequestFields": fields}))
    }

    #[test]
    fn each_place_says_it_in_its_own_words() {
        let asked = |thinking, effort, named| Ok(Reasoning { thinking, effort, named });
        let on = |tokens| Thinking::On { budget_tokens: tokens };
        let enabled = json!({"type": "enabled", "budget_tokens": 1024});
        assert_eq!(fields(&json!({})), asked(Thinking::Default, None, ""));
        assert_eq!(fields(&json!({"thinking": enabled})), asked(on(Some(1024)), None, "thinking"));
        let adaptive = fields(&json!({"thinking": {"type": "adaptive"}}));
        assert_eq!(adaptive, asked(Thinking::Adaptive, None, "thinking"));
        let nova = json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}});
        assert_eq!(fields(&nova), asked(on(None), Some(Effort::Low), "reasoningConfig"));
        let effort = converse(&json!({"outputConfig": {"effort": "xhigh"}}));
        let named = "outputConfig.effort";
        assert_eq!(effort, asked(Thinking::Default, Some(Effort::XHigh), named));
        let openai = native(Family::OpenAiChat, &json!({"reasoning_effort": "minimal"}));
        assert_eq!(openai, asked(Thinking::Default, Some(Effort::Minimal), "reasoning_effort"));
        let none = fields(&json!({"reasoning_effort": "none"}));
        assert_eq!(none, asked(Thinking::Off, None, "reasoning_effort"));
        let body = json!({"anthropic_version": "x", "max_tokens": 1025, "thinking": enabled});
        assert_eq!(
            native(Family::AnthropicMessages, &body),
            asked(on(Some(1024)), None, "thinking")
        );
    }

    #[test]
    fn what_thinking_does_not_go_with_is_refused_in_anthropics_words() {
        let enabled = json!({"type": "enabled", "budget_tokens": 2000});
        let body = |more: Value| {
            let base = json!({"anthropic_version": "x", "max_tokens": 3000, "thinking": enabled});
            native(Family::AnthropicMessages, &joined(base, &more)).unwrap_err()
        };
        assert!(
            body(json!({"temperature": 0.5})).starts_with("`temperature` may only be set to 1")
        );
        assert!(body(json!({"top_k": 5})).starts_with("`top_k` must be unset"));
        assert!(body(json!({"top_p": 0.5})).starts_with("`top_p` must be greater"));
        let tools =
            json!({"tools": [{"name": "f", "input_schema": {}}], "tool_choice": {"type": "any"}});
        assert!(body(tools).starts_with("Thinking may not be enabled when tool_choice"));
        assert!(body(json!({"max_tokens": 2000})).starts_with("`max_tokens` must be greater than"));
        let short = converse(&json!({
            "inferenceConfig": {"maxTokens": 1500},
            "additionalModelRequestFields": {"thinking": enabled},
        }));
        assert!(short.unwrap_err().starts_with("`max_tokens` must be greater than"));
        let twice = converse(&json!({
            "outputConfig": {"effort": "low"},
            "additionalModelRequestFields": {"reasoning_effort": "high"},
        }));
        assert!(twice.unwrap_err().contains("reasoning_effort says it too"));
    }
}
