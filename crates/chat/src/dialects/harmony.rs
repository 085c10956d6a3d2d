//! gpt-oss's harmony format: an answer is messages, each with a header that says its channel and its recipient.
//!
//! `<|channel|>analysis<|message|>…<|end|>` is reasoning, `<|channel|>final<|message|>…` the answer,
//! `<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{…}<|call|>` a call, and commentary to nobody is
//! text before one. The recipient stands in the role's part of the header or in the channel's; models do both.
//! Source: OpenAI, "OpenAI harmony response format" (cookbook).

use engine::Tokenizer;

use super::{Calls, Syntax, control};
use crate::dialect::Dialect;
use crate::template::Template;
use crate::tool_call::{Arguments, Malformed, Step, is_space};

/// The control tokens of headers and ends.
pub(crate) const MARKS: [&str; 7] = [
    "<|channel|>",
    "<|message|>",
    "<|constrain|>",
    "<|start|>",
    "<|end|>",
    "<|call|>",
    "<|return|>",
];

/// The header of an answer without reasoning.
pub(crate) const FINAL: &str = "<|channel|>final<|message|>";

/// Ends a message and begins the next.
pub(crate) const NEXT: &str = "<|end|><|start|>assistant";

const RECIPIENT: &str = " to=functions.";

pub(super) fn find(template: &Template, tokenizer: &dyn Tokenizer) -> Option<Dialect> {
    let found = ["<|channel|>", "<|message|>"]
        .iter()
        .all(|mark| template.source.contains(mark) && control(tokenizer, mark).is_some());
    (found && template.source.contains("to=")).then_some(Dialect {
        open: RECIPIENT,
        token: None,
        close: Some("<|call|>"),
        lead: "",
        seal: "<|channel|>commentary json<|message|>",
        syntax: Syntax::Harmony,
    })
}

/// What a header says of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Text,
    Reasoning,
    Call(String),
    /// To somebody that nobody offered.
    OtherCall,
    Unknown,
}

/// Reads a header, from the role on, control tokens as their texts, without `<|message|>`.
pub(crate) fn read_header(header: &str) -> Header {
    let mut words = header.split(|c: char| c.is_whitespace() || c == '<');
    if let Some(recipient) = words.find_map(|word| word.strip_prefix("to=")) {
        return match recipient.strip_prefix("functions.") {
            Some(name) if !name.is_empty() => Header::Call(name.to_owned()),
            _ => Header::OtherCall,
        };
    }
    let channel = header.split_once("<|channel|>").map(|(_, rest)| rest).unwrap_or_default();
    match channel.split(|c: char| c.is_whitespace() || c == '<').next().unwrap_or_default() {
        "analysis" => Header::Reasoning,
        "final" | "commentary" | "" => Header::Text,
        _ => Header::Unknown,
    }
}

/// Reads the body of one call; who reads headers has told its name.
pub(super) fn calls() -> Box<dyn Calls> {
    Box::new(Body { arguments: Some(Arguments::new()) })
}

struct Body {
    /// `None` when they are complete.
    arguments: Option<Arguments>,
}

impl Calls for Body {
    fn step(&mut self, c: char, steps: &mut Vec<Step>) -> Result<bool, Malformed> {
        match &mut self.arguments {
            Some(arguments) => {
                if arguments.step(c, steps)? {
                    self.arguments = None;
                }
            }
            None if is_space(c) => {}
            None => return Err(Malformed),
        }
        Ok(false)
    }

    fn takes_mark(&self) -> bool {
        self.arguments.is_none()
    }

    fn complete(&self) -> bool {
        self.arguments.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_channel_and_recipient() {
        let call = || Header::Call("f".into());
        for (header, expected) in [
            ("<|channel|>analysis", Header::Reasoning),
            ("assistant<|channel|>final", Header::Text),
            ("assistant<|channel|>commentary", Header::Text),
            ("assistant", Header::Text),
            ("<|channel|>commentary to=functions.f <|constrain|>json", call()),
            ("<|channel|>commentary to=functions.f<|constrain|>json", call()),
            (" to=functions.f<|channel|>commentary json", call()),
            ("<|channel|>analysis to=python code", Header::OtherCall),
            ("<|channel|>commentary to=functions.", Header::OtherCall),
            ("<|channel|>thoughts", Header::Unknown),
        ] {
            assert_eq!(read_header(header), expected, "{header}");
        }
    }
}
