//! Writes streams as this crate encodes them, with what a client should read from them, as one JSON document.
//!
//! `tests/botocore_eventstream.py check` reads it and parses the frames with botocore.

use std::io::Write as _;

use bedrock::error::{ErrorKind, StreamOperation, WireError};
use bedrock::eventstream::{chunk, event, exception};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut cases = vec![converse()?, invoke()?];
    for (operation, name) in [
        (StreamOperation::ConverseStream, "ConverseStream"),
        (StreamOperation::InvokeModelWithResponseStream, "InvokeModelWithResponseStream"),
    ] {
        cases.extend(ErrorKind::all().map(|kind| failed(kind, operation, name)));
    }
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &Value::from(cases))?;
    writeln!(out)?;
    Ok(())
}

/// A whole Converse stream, with text that must survive: quotes, a character outside the BMP, control characters.
fn converse() -> Result<Value, Failure> {
    let text = "Grüße, \u{1F600} \"quoted\"\n\u{0}\\";
    let usage = json!({"inputTokens": 3, "outputTokens": 2, "totalTokens": 5});
    let events = [
        json!({"messageStart": {"role": "assistant"}}),
        json!({"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": 0}}),
        json!({"contentBlockDelta": {"delta": {"text": ""}, "contentBlockIndex": 0}}),
        json!({"contentBlockStop": {"contentBlockIndex": 0}}),
        json!({"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t-1", "name": "f"}}, "contentBlockIndex": 1}}),
        json!({"contentBlockDelta": {"delta": {"toolUse": {"input": "{\"a\":"}}, "contentBlockIndex": 1}}),
        json!({"contentBlockStop": {"contentBlockIndex": 1}}),
        json!({"messageStop": {"stopReason": "tool_use"}}),
        json!({"metadata": {"usage": usage, "metrics": {"latencyMs": 7}}}),
    ];
    let mut frames = Vec::new();
    for (name, payload) in events.iter().filter_map(Value::as_object).flatten() {
        frames.extend(event(name, payload.to_string())?);
    }
    Ok(json!({"operation": "ConverseStream", "hex": hex::encode(frames), "events": events}))
}

/// Chunks of a native stream, one of them large.
fn invoke() -> Result<Value, Failure> {
    let natives = [r#"{"generation":"ü"}"#.to_owned(), "x".repeat(600_000), String::new()];
    let mut frames = Vec::new();
    for native in &natives {
        frames.extend(chunk(native.as_bytes())?);
    }
    let events: Vec<Value> =
        natives.iter().map(|native| json!({"chunk": {"bytes": native}})).collect();
    Ok(
        json!({"operation": "InvokeModelWithResponseStream", "hex": hex::encode(frames), "events": events}),
    )
}

/// A stream that fails at once.
fn failed(kind: ErrorKind, operation: StreamOperation, name: &str) -> Value {
    let message = format!("{} happened", kind.code());
    let frame = exception(&WireError::new(kind, message.clone()), operation);
    let code = kind.in_stream(operation).stream_name();
    json!({"operation": name, "hex": hex::encode(frame), "events": [],
           "error": {"code": code, "message": message}})
}
