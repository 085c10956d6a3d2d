//! Dialects: the ways in which families of models write tool calls. One file each: how it is recognised, how a forced
//! call begins, and how the calls of an answer are read.

mod harmony;
mod hermes;
mod json_calls;
mod llama;
mod mistral;
mod pebble;
mod qwen_coder;

use bedrock::canonical::Tool;
use engine::{TokenId, Tokenizer};

use crate::dialect::Dialect;
use crate::template::Template;
use crate::tool_call::{Malformed, Step};

pub(crate) use harmony::{FINAL, Header, MARKS as HARMONY_MARKS, NEXT, read_header};
pub(crate) use llama::{Verdict, judge};

/// Which dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Pebble,
    Harmony,
    MistralList,
    MistralArgs,
    QwenCoder,
    Hermes,
    Llama,
}

type Find = fn(&Template, &dyn Tokenizer) -> Option<Dialect>;

/// The dialects, in the order in which they are tried: what is more peculiar comes first.
const FIND: [Find; 6] =
    [pebble::find, harmony::find, mistral::find, qwen_coder::find, hermes::find, llama::find];

/// Reads the calls of an answer, from behind the first opening on.
pub(crate) trait Calls: Send + Sync {
    /// Takes a character and tells what it brought, before an error too. Whether it ended the calls.
    fn step(&mut self, c: char, steps: &mut Vec<Step>) -> Result<bool, Malformed>;

    /// Takes text likewise. `Some` when the calls are over: the text after them.
    fn push(&mut self, text: &str, steps: &mut Vec<Step>) -> Result<Option<String>, Malformed> {
        for (at, c) in text.char_indices() {
            if self.step(c, steps)? {
                return Ok(Some(text[at + c.len_utf8()..].to_owned()));
            }
        }
        Ok(None)
    }

    /// Whether a control token may stand here; it is then pushed as its text.
    fn takes_mark(&self) -> bool;

    /// Whether the answer may end here.
    fn complete(&self) -> bool;
}

/// The dialect of a template, if it shows tools and writes calls in a way known here.
pub(crate) fn find(template: &Template, tokenizer: &dyn Tokenizer) -> Option<Dialect> {
    if !template.takes_tools {
        return None;
    }
    FIND.iter().find_map(|find| find(template, tokenizer))
}

impl Syntax {
    /// The dialect's name, for reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Syntax::Pebble => "pebble",
            Syntax::Harmony => "harmony",
            Syntax::MistralList => "mistral list",
            Syntax::MistralArgs => "mistral args",
            Syntax::QwenCoder => "qwen coder",
            Syntax::Hermes => "hermes",
            Syntax::Llama => "llama",
        }
    }

    /// Plain text after the opening, up to a forced call's arguments or to the markup before them.
    pub(crate) fn named(self, name: &str) -> String {
        match self {
            Syntax::Pebble => pebble::named(name),
            Syntax::Harmony => name.to_owned(),
            Syntax::MistralList => mistral::named_in_list(name),
            Syntax::MistralArgs => name.to_owned(),
            Syntax::QwenCoder => qwen_coder::named(name),
            Syntax::Hermes => hermes::named(name),
            Syntax::Llama => llama::named(name),
        }
    }

    /// A reader of calls.
    pub(crate) fn calls(self, tools: &[Tool]) -> Box<dyn Calls> {
        match self {
            Syntax::Pebble => pebble::calls(),
            Syntax::Harmony => harmony::calls(),
            Syntax::MistralList | Syntax::MistralArgs => mistral::calls(),
            Syntax::QwenCoder => qwen_coder::calls(tools),
            Syntax::Hermes => hermes::calls(),
            Syntax::Llama => llama::calls(),
        }
    }

    /// Control tokens other than the opening and the closing that mean something in calls.
    pub(crate) fn marks(self) -> &'static [&'static str] {
        match self {
            Syntax::Harmony => &harmony::MARKS,
            Syntax::MistralList | Syntax::MistralArgs => &mistral::MARKS,
            Syntax::Llama => &["<|python_tag|>"],
            Syntax::Pebble | Syntax::Hermes | Syntax::QwenCoder => &[],
        }
    }

    /// Control tokens that only a call has.
    pub(crate) fn only_in_calls(self) -> &'static [&'static str] {
        match self {
            Syntax::Harmony => &["<|call|>", "<|constrain|>"],
            Syntax::Llama => &["<|python_tag|>"],
            Syntax::MistralList | Syntax::MistralArgs => &mistral::MARKS,
            Syntax::Pebble | Syntax::Hermes | Syntax::QwenCoder => &[],
        }
    }
}

/// The control token of this text, if it is one that adds no bytes to a text.
pub(crate) fn control(tokenizer: &dyn Tokenizer, text: &str) -> Option<TokenId> {
    tokenizer.control(text).filter(|id| tokenizer.token_bytes(*id).is_empty())
}
