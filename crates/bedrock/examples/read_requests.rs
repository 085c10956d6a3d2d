//! Reads a JSON list of Converse bodies from standard input and writes a list of what became of each: null if it was
//! read, else the error's message.
//!
//! `tests/botocore_requests.py` drives it with bodies made from botocore's service model.

use std::io::{Read as _, Write as _};

use bedrock::converse;
use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text)?;
    let bodies: Vec<Value> = serde_json::from_str(&text)?;
    let outcomes: Vec<Option<String>> = bodies
        .iter()
        .map(|body| converse::parse_request(body.to_string().as_bytes()).err())
        .map(|error| error.map(|error| error.message))
        .collect();
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &outcomes)?;
    writeln!(out)?;
    Ok(())
}
