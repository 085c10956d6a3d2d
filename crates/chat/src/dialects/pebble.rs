//! The built-in model's calls: the token `<|tool_call|>`, then `{"name": "…", "arguments": {…}}`. An answer ends with
//! its calls.

use engine::Tokenizer;

use super::json_calls::{JsonCalls, Shape};
use super::{Calls, Syntax, control};
use crate::dialect::Dialect;
use crate::json::quote;
use crate::template::Template;
use crate::tool_call::Keys;

const OPEN: &str = "<|tool_call|>";
const SHAPE: Shape = Shape {
    keys: Keys { arguments: &["arguments"], before: &[], after: &[] },
    list: false,
    another: &[OPEN],
    adjacent: false,
    close: None,
};

pub(super) fn find(template: &Template, tokenizer: &dyn Tokenizer) -> Option<Dialect> {
    // Granite 3.3 has the same token before a list, and no word of what is in it.
    let object = template.source.contains(OPEN) && template.source.contains("\"arguments\"");
    let token = Some(object.then(|| control(tokenizer, OPEN)).flatten()?);
    Some(Dialect { open: OPEN, token, close: None, lead: "", seal: "", syntax: Syntax::Pebble })
}

pub(super) fn named(name: &str) -> String {
    format!("{{\"name\": {}, \"arguments\":", quote(name))
}

pub(super) fn calls() -> Box<dyn Calls> {
    Box::new(JsonCalls::new(&SHAPE))
}
