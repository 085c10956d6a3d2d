//! `additionalModelRequestFields`: sampling parameters that `inferenceConfig` lacks.
//!
//! Bedrock merges these fields into the model's native body, so the native names of what `inferenceConfig` has are
//! honoured too; a value that stands in both places is refused, as Bedrock does.

use crate::canonical::{Request, Sampling};
use crate::error::WireError;
use crate::families::anthropic;
use crate::json::Node;
use crate::parameters;
use crate::reasoning;
use crate::sampling::{self, TOP_K_MAX};

/// The keys that are honoured. `inferenceConfig` may hold `topK` (Nova's place for it); `topK` at top level and in the
/// request's own `inferenceConfig` are accepted too. `thinking` and `output_config` are Claude's, `reasoningConfig` Nova's. Temperature may
/// reach 2, as in the widest of the native bodies.
pub const ADDITIONAL_FIELDS: [&str; 20] = [
    "temperature",
    "top_p",
    "max_tokens",
    "stop_sequences",
    "top_k",
    "topK",
    "inferenceConfig",
    "min_p",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "explain",
    "thinking",
    "reasoningConfig",
    "reasoning_effort",
    "output_config",
];

/// The keys that are accepted without effect.
pub const IGNORED_FIELDS: [&str; 4] = ["anthropic_beta", "anthropic_version", "metadata", "user"];

/// Reads the fields into `request`.
pub(super) fn read_additional(node: &Node<'_>, request: &mut Request) -> Result<(), WireError> {
    node.read(|fields| {
        let sampling = &mut request.sampling;
        sampling.temperature = fields.number("temperature", 0.0, 2.0)?;
        sampling.top_p = fields.number("top_p", 0.0, 1.0)?;
        for key in ["top_k", "topK"] {
            if let Some(node) = fields.take(key) {
                read_top_k(&node, sampling)?;
            }
        }
        if let Some(node) = fields.take("inferenceConfig") {
            node.read(|nova| match nova.take("topK") {
                Some(node) => read_top_k(&node, sampling),
                None => Ok(()),
            })?;
        }
        parameters::read_common(fields, request)?;
        request.sampling.logprobs = sampling::read_logprobs(fields)?;
        request.max_tokens = fields.integer("max_tokens", 1, u32::MAX)?;
        if let Some(node) = fields.take("stop_sequences") {
            request.stop_sequences = sampling::read_stops(&node, 2500)?;
        }
        reasoning::read_thinking(fields, &mut request.reasoning)?;
        reasoning::read_reasoning_config(fields, &mut request.reasoning)?;
        reasoning::read_openai_effort(fields, &mut request.reasoning)?;
        if let Some(node) = fields.take("output_config") {
            node.read(|fields| anthropic::read_output_config(fields, request))?;
        }
        fields.refuse(&["n"], "Converse gives one answer; send the request again for another")?;
        fields.ignore(&IGNORED_FIELDS, &mut request.ignored);
        fields.refuse_unknown_as_body()
    })
}

/// Reads one of the places of top_k; 0 is off.
pub(super) fn read_top_k(node: &Node<'_>, sampling: &mut Sampling) -> Result<(), WireError> {
    let top_k = node.integer_u32(0, TOP_K_MAX)?;
    match sampling.top_k {
        Some(other) if other != top_k => {
            Err(node.error(format_args!("top_k stands in two places, {other} in the other")))
        }
        _ => {
            sampling.top_k = Some(top_k);
            Ok(())
        }
    }
}

/// Sets what only one place may set.
pub(super) fn set_once<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), WireError> {
    if slot.replace(value).is_some() { Err(conflict(name)) } else { Ok(()) }
}

/// A field stands in `inferenceConfig` and in `additionalModelRequestFields`.
pub(super) fn conflict(name: &str) -> WireError {
    WireError::validation(format!("The additional field {name} conflicts with an existing field."))
}
