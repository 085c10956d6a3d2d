//! Hermes, Qwen 2.5 and 3, and many more: `<tool_call>\n{"name": "…", "arguments": {…}}\n</tool_call>`, text around it.

use engine::Tokenizer;

use super::json_calls::{JsonCalls, Shape};
use super::{Calls, Syntax, control};
use crate::dialect::Dialect;
use crate::json::quote;
use crate::template::Template;
use crate::tool_call::Keys;

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";
const SHAPE: Shape = Shape {
    keys: Keys { arguments: &["arguments"], before: &[], after: &[] },
    list: false,
    another: &[],
    adjacent: false,
    close: Some(CLOSE),
};

pub(super) fn find(template: &Template, tokenizer: &dyn Tokenizer) -> Option<Dialect> {
    // Some templates write calls as XML inside this tag; only JSON is understood here.
    let json = template.source.contains(OPEN)
        && !template.source.contains("<function=")
        && !template.source.contains("<arg_key>")
        // Apriel speaks of this tag and writes lists in another.
        && !template.source.contains("<tool_calls>");
    let key = ["\"arguments\"", "\\\"arguments\\\""];
    let json = json && key.iter().any(|key| template.source.contains(key));
    json.then(|| Dialect {
        open: OPEN,
        token: control(tokenizer, OPEN),
        close: Some(CLOSE),
        lead: "\n",
        seal: "",
        syntax: Syntax::Hermes,
    })
}

pub(super) fn named(name: &str) -> String {
    format!("\n{{\"name\": {}, \"arguments\":", quote(name))
}

pub(super) fn calls() -> Box<dyn Calls> {
    Box::new(JsonCalls::new(&SHAPE))
}
