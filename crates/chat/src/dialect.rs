//! How a model writes tool calls.

use bedrock::canonical::{Request, ToolChoice};
use engine::{TokenId, Tokenizer};

use crate::json::quote;
use crate::template::Template;

/// A way to write tool calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Opens a call: a control token's text, or plain text.
    pub(crate) open: &'static str,
    /// The control token, if it is one: then it adds no bytes to a text.
    pub(crate) token: Option<TokenId>,
    /// Closes a call, where something does.
    pub(crate) close: Option<&'static str>,
    /// Between the opening and the call when a call is forced.
    pub(crate) lead: &'static str,
}

impl Dialect {
    /// The dialect of a template: pebble's `<|tool_call|>` token, or Hermes's and Qwen's `<tool_call>` text.
    pub(crate) fn find(template: &Template, tokenizer: &dyn Tokenizer) -> Option<Dialect> {
        if !template.takes_tools {
            return None;
        }
        let control =
            |text| tokenizer.control(text).filter(|id| tokenizer.token_bytes(*id).is_empty());
        if template.source.contains("<|tool_call|>") {
            let token = Some(control("<|tool_call|>")?);
            return Some(Dialect { open: "<|tool_call|>", token, close: None, lead: "" });
        }
        // Some templates write calls as XML inside this tag; only JSON is understood here.
        let json =
            template.source.contains("<tool_call>") && !template.source.contains("<function=");
        (json && template.source.contains("\"arguments\"")).then(|| Dialect {
            open: "<tool_call>",
            token: control("<tool_call>"),
            close: Some("</tool_call>"),
            lead: "\n",
        })
    }
}

/// Which tools an answer may or must use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Use {
    /// None.
    #[default]
    No,
    /// Those offered, or none of them.
    May,
    /// One of those offered.
    Must,
    /// This one.
    MustNamed(String),
}

impl Use {
    pub(crate) fn of(request: &Request) -> Use {
        match &request.tool_choice {
            _ if request.tools.is_empty() => Use::No,
            ToolChoice::None => Use::No,
            ToolChoice::Auto => Use::May,
            ToolChoice::Any => match request.tools.as_slice() {
                [only] => Use::MustNamed(only.name.clone()),
                _ => Use::Must,
            },
            ToolChoice::Named(name) => Use::MustNamed(name.clone()),
        }
    }

    /// Text that a prompt ends with so that the answer begins inside a call: markup, then plain text.
    pub(crate) fn opening(&self, dialect: &Dialect) -> Option<(&'static str, String)> {
        match self {
            Use::No | Use::May => None,
            Use::Must => Some((dialect.open, dialect.lead.to_owned())),
            Use::MustNamed(name) => {
                let call = format!("{}{{\"name\": {}, \"arguments\":", dialect.lead, quote(name));
                Some((dialect.open, call))
            }
        }
    }
}
