//! How a model writes tool calls.

use bedrock::canonical::{Request, ToolChoice};
use engine::{TokenId, Tokenizer};

use crate::dialects::{self, Syntax};
use crate::template::Template;

/// A way to write tool calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Opens a call: a control token's text, or plain text; empty if a call has no opening of its own.
    pub(crate) open: &'static str,
    /// The control token, if it is one: then it adds no bytes to a text.
    pub(crate) token: Option<TokenId>,
    /// Closes a call, where something does.
    pub(crate) close: Option<&'static str>,
    /// Between the opening and the call when a call is forced, but not which.
    pub(crate) lead: &'static str,
    /// Markup between a forced call's name and its arguments.
    pub(crate) seal: &'static str,
    /// The rest of the grammar.
    pub(crate) syntax: Syntax,
}

impl Dialect {
    /// The dialect of a template, recognised by its source and the vocabulary.
    pub(crate) fn find(template: &Template, tokenizer: &dyn Tokenizer) -> Option<Dialect> {
        dialects::find(template, tokenizer)
    }

    /// The text that opens a call in the middle of an answer.
    pub(crate) fn pattern(&self) -> Option<&'static str> {
        let found_otherwise = self.open.is_empty() || self.syntax == Syntax::Harmony;
        (!found_otherwise).then_some(self.open)
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

    /// Whether a call is forced.
    pub(crate) fn forced(&self) -> bool {
        matches!(self, Use::Must | Use::MustNamed(_))
    }

    /// Text that a prompt ends with so that the answer begins inside a call: markup, then plain text. Where the name
    /// is in it, the dialect's `seal` follows, markup again.
    pub(crate) fn opening(&self, dialect: &Dialect) -> Option<(&'static str, String)> {
        match self {
            Use::No | Use::May => None,
            Use::Must => Some((dialect.open, dialect.lead.to_owned())),
            Use::MustNamed(name) => Some((dialect.open, dialect.syntax.named(name))),
        }
    }

    /// Markup after the [`opening`](Self::opening).
    pub(crate) fn seal(&self, dialect: &Dialect) -> &'static str {
        if matches!(self, Use::MustNamed(_)) { dialect.seal } else { "" }
    }
}
