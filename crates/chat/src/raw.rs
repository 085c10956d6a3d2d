//! Prompts that carry their family's template markup as text, read as turns for models that speak another markup.

use bedrock::canonical::{Block, Markup, Message, Role, Turns};

/// The markup found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `<|start_header_id|>user<|end_header_id|>\n\n…<|eot_id|>` (Llama 3).
    Headers,
    /// `<|header_start|>user<|header_end|>\n\n…<|eot|>` (Llama 4).
    Headers4,
    /// `<s>[INST] <<SYS>>…<</SYS>> … [/INST] … </s>` (Llama 2, Mistral).
    Inst,
}

/// Texts of a header style: before a role, after it, end of a turn.
const HEADERS: [&str; 3] = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"];
const HEADERS4: [&str; 3] = ["<|header_start|>", "<|header_end|>", "<|eot|>"];

impl Style {
    /// The markup that `text` carries, if it is its family's.
    pub(crate) fn find(text: &str, markup: Markup) -> Option<Style> {
        match markup {
            Markup::None => None,
            Markup::Llama if text.contains(HEADERS[0]) => Some(Style::Headers),
            Markup::Llama if text.contains(HEADERS4[0]) => Some(Style::Headers4),
            Markup::Llama | Markup::Mistral => text.contains("[INST]").then_some(Style::Inst),
        }
    }

    /// Texts that a model must know as control tokens to take this markup as it is.
    pub(crate) fn controls(self) -> &'static [&'static str] {
        match self {
            Style::Headers => &HEADERS,
            Style::Headers4 => &HEADERS4,
            Style::Inst => &["[INST]", "[/INST]"],
        }
    }
}

/// Reads marked-up text as turns. Every text has a reading: what no markup claims belongs to the turn it stands in.
pub(crate) fn parse(text: &str, style: Style) -> Turns {
    let mut turns = Turns::default();
    match style {
        Style::Headers => headers(text, &HEADERS, &mut turns),
        Style::Headers4 => headers(text, &HEADERS4, &mut turns),
        Style::Inst => inst(text, &mut turns),
    }
    turns
}

fn headers(text: &str, [open, close, end]: &[&str; 3], turns: &mut Turns) {
    let text = text.trim_start();
    let text = text.strip_prefix("<|begin_of_text|>").unwrap_or(text);
    let mut parts = text.split(open);
    add(turns, Role::User, parts.next().unwrap_or_default().trim());
    let mut last = None;
    for part in parts {
        let (role, content) = part.split_once(close).unwrap_or(("user", part));
        let (content, ended) = match content.split_once(end) {
            Some((content, _)) => (content, true),
            None => (content, false),
        };
        let content = content.strip_prefix("\n\n").unwrap_or(content);
        match role.trim() {
            "system" => turns.system.extend(non_blank(content.trim())),
            // A turn that is open at the end is what the model shall continue: white space counts.
            "assistant" if !ended => last = Some(content),
            "assistant" => add(turns, Role::Assistant, content.trim()),
            _ => add(turns, Role::User, content.trim()),
        }
    }
    if let Some(prefill) = last {
        add(turns, Role::Assistant, prefill);
    }
}

fn inst(text: &str, turns: &mut Turns) {
    let text = text.trim_start();
    let text = text.strip_prefix("<s>").unwrap_or(text);
    let mut parts = text.split("[INST]");
    add(turns, Role::User, parts.next().unwrap_or_default().trim());
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let (mut user, answer) = part.split_once("[/INST]").unwrap_or((part, ""));
        if let Some((system, rest)) =
            user.split_once("<<SYS>>").and_then(|(_, rest)| rest.split_once("<</SYS>>"))
        {
            turns.system.extend(non_blank(system.trim()));
            user = rest;
        }
        add(turns, Role::User, user.trim());
        let ended = answer.contains("</s>") || parts.peek().is_some();
        let answer = answer.split("</s>").next().unwrap_or_default();
        add(turns, Role::Assistant, if ended { answer.trim() } else { answer.trim_start() });
    }
}

fn non_blank(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Adds a turn, or to the last one of the same role.
fn add(turns: &mut Turns, role: Role, text: &str) {
    if text.is_empty() {
        return;
    }
    let block = Block::Text(text.to_owned());
    match turns.messages.last_mut() {
        Some(last) if last.role == role => last.content.push(block),
        _ => turns.messages.push(Message { role, content: vec![block] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(turns: &Turns) -> Vec<(Role, String)> {
        let text = |message: &Message| {
            message
                .content
                .iter()
                .map(|block| match block {
                    Block::Text(text) => text.clone(),
                    other => panic!("{other:?}"),
                })
                .collect::<Vec<_>>()
                .join("+")
        };
        turns.messages.iter().map(|message| (message.role, text(message))).collect()
    }

    #[test]
    fn llama_3_headers() {
        let text = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>\n\
                    <|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\
                    \n\nHello!<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>\
                    <|start_header_id|>assistant<|end_header_id|>\n\n";
        let style = Style::find(text, Markup::Llama).unwrap();
        let turns = parse(text, style);
        assert_eq!(turns.system, ["Be brief."]);
        assert_eq!(
            flat(&turns),
            [
                (Role::User, "Hi".into()),
                (Role::Assistant, "Hello!".into()),
                (Role::User, "Bye".into())
            ]
        );
        let prefilled = parse(&format!("{text}Good"), style);
        assert_eq!(flat(&prefilled)[3], (Role::Assistant, "Good".into()));
        assert_eq!(Style::find(text, Markup::None), None);
        assert_eq!(Style::find(text, Markup::Mistral), None);
    }

    #[test]
    fn llama_2_and_mistral_inst() {
        let text =
            "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello! </s><s>[INST] Bye [/INST]";
        let turns = parse(text, Style::find(text, Markup::Llama).unwrap());
        assert_eq!(turns.system, ["Be brief."]);
        assert_eq!(
            flat(&turns),
            [
                (Role::User, "Hi".into()),
                (Role::Assistant, "Hello!".into()),
                (Role::User, "Bye".into())
            ]
        );
        let turns = parse("[INST] a [/INST] So", Style::find("[INST]", Markup::Mistral).unwrap());
        assert_eq!(flat(&turns), [(Role::User, "a".into()), (Role::Assistant, "So".into())]);
    }

    #[test]
    fn broken_markup_has_a_reading() {
        for text in [
            "[INST]",
            "[INST][INST] x",
            "<|start_header_id|>",
            "<|start_header_id|>user",
            "a [INST] <<SYS>> b",
        ] {
            for style in [Style::Headers, Style::Headers4, Style::Inst] {
                let turns = parse(text, style);
                assert!(turns.messages.iter().all(|message| !message.content.is_empty()));
            }
        }
    }
}
