//! Bedrock's request headers, of InvokeModel and of the other doors: what Converse has in its body.

use bedrock::canonical::{Request, ServiceTier};
use bedrock::error::WireError;
use serde_json::{Map, Value};

use crate::call::Call;

/// Longest `X-Amzn-Bedrock-Request-Metadata`, in the service model.
const MAX_METADATA: usize = 8500;

/// Reads what the headers say into the request.
///
/// # Errors
/// A guardrail, which is never left out silently; a value that the header does not have.
pub(crate) fn read(call: &Call, request: &mut Request) -> Result<(), WireError> {
    refuse_guardrails(call)?;
    if let Some(name) = call.header("x-amzn-bedrock-service-tier") {
        let tier = ServiceTier::from_name(name);
        request.service_tier = tier.ok_or_else(|| {
            let names = "reserved, priority, default, flex";
            not_one_of("service-tier", names)
        })?;
    }
    if let Some(latency) = call.header("x-amzn-bedrock-performanceconfig-latency") {
        let optimized = one_of(
            "performanceconfig-latency",
            latency,
            &[("standard", false), ("optimized", true)],
        )?;
        if optimized {
            request.ignored.push("performanceConfig.latency".to_owned());
        }
    }
    if let Some(trace) = call.header("x-amzn-bedrock-trace") {
        let asked = one_of(
            "trace",
            trace,
            &[("ENABLED", true), ("DISABLED", false), ("ENABLED_FULL", true)],
        )?;
        if asked {
            request.ignored.push("trace".to_owned());
        }
    }
    if let Some(metadata) = call.header("x-amzn-bedrock-request-metadata") {
        request.request_metadata = read_metadata(metadata)?;
    }
    Ok(())
}

fn refuse_guardrails(call: &Call) -> Result<(), WireError> {
    for name in ["x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion"] {
        if call.parts.headers.contains_key(name) {
            return Err(WireError::validation(format!(
                "Guardrails are not supported by this server: remove {name}."
            )));
        }
    }
    Ok(())
}

fn one_of<T: Copy>(header: &str, value: &str, allowed: &[(&str, T)]) -> Result<T, WireError> {
    let found = allowed.iter().find(|(name, _)| *name == value);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let names: Vec<_> = allowed.iter().map(|(name, _)| *name).collect();
        not_one_of(header, &names.join(", "))
    })
}

fn not_one_of(header: &str, names: &str) -> WireError {
    WireError::validation(format!(
        "1 validation error detected: Value at 'x-amzn-bedrock-{header}' failed to satisfy constraint: Member must \
         satisfy enum value set: [{names}]"
    ))
}

fn read_metadata(text: &str) -> Result<Vec<(String, String)>, WireError> {
    let invalid = |what: &str| {
        WireError::validation(format!("The header x-amzn-bedrock-request-metadata {what}."))
    };
    if text.len() > MAX_METADATA {
        return Err(invalid("is longer than 8500 characters"));
    }
    let map: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| invalid("is not a JSON object"))?;
    let pairs = map.into_iter().map(|(key, value)| match value {
        Value::String(value) => Ok((key, value)),
        _ => Err(invalid("has a value that is not a string")),
    });
    pairs.collect()
}
