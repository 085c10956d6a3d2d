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
    /// `<｜begin▁of▁sentence｜>…<｜User｜>…<｜Assistant｜>…<｜end▁of▁sentence｜>` (DeepSeek).
    DeepSeek,
    /// `User: …` and `Bot: …`, each at the beginning of a line (Titan).
    Bot,
}

/// Texts of a header style: before a role, after it, end of a turn.
const HEADERS: [&str; 3] = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"];
const HEADERS4: [&str; 3] = ["<|header_start|>", "<|header_end|>", "<|eot|>"];

/// DeepSeek's texts: before the user's turn, before the model's, and its end.
const DEEPSEEK: [&str; 3] = ["<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"];
const THINK: [&str; 2] = ["<think>", "</think>"];

/// Titan's texts, each at the beginning of a line.
const BOT: [&str; 2] = ["User:", "Bot:"];

impl Style {
    /// The markup that `text` carries, if it is its family's.
    pub(crate) fn find(text: &str, markup: Markup) -> Option<Style> {
        match markup {
            Markup::None => None,
            Markup::Llama if text.contains(HEADERS[0]) => Some(Style::Headers),
            Markup::Llama if text.contains(HEADERS4[0]) => Some(Style::Headers4),
            Markup::Llama | Markup::Mistral => text.contains("[INST]").then_some(Style::Inst),
            Markup::DeepSeek => text.contains(DEEPSEEK[0]).then_some(Style::DeepSeek),
            Markup::Titan => {
                let dialogue = text.trim_start().starts_with(BOT[0]) && turn_of_bot(text).is_some();
                dialogue.then_some(Style::Bot)
            }
        }
    }

    /// Texts that a model must know as control tokens to take this markup as it is.
    pub(crate) fn controls(self) -> &'static [&'static str] {
        match self {
            Style::Headers => &HEADERS,
            Style::Headers4 => &HEADERS4,
            Style::Inst => &["[INST]", "[/INST]"],
            Style::DeepSeek => &DEEPSEEK,
            Style::Bot => &BOT,
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
        Style::DeepSeek => deepseek(text, &mut turns),
        Style::Bot => bot(text, &mut turns),
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

fn deepseek(text: &str, turns: &mut Turns) {
    let [user, assistant, end] = DEEPSEEK;
    let text = text.trim_start();
    let text = text.strip_prefix("<｜begin▁of▁sentence｜>").unwrap_or(text);
    let mut parts = text.split(user);
    turns.system.extend(non_blank(parts.next().unwrap_or_default().trim()));
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let (said, answer) = part.split_once(assistant).unwrap_or((part, ""));
        add(turns, Role::User, said.trim());
        let ended = answer.contains(end) || parts.peek().is_some();
        let answer = spoken(answer.split(end).next().unwrap_or_default());
        add(turns, Role::Assistant, if ended { answer.trim() } else { answer });
    }
}

/// An answer without its reasoning, as DeepSeek's own template has it. An opening without reasoning asks for some, which a
/// model of another markup does in its own way.
fn spoken(answer: &str) -> &str {
    let answer = answer.trim_start();
    match (answer.strip_prefix(THINK[0]), answer.split_once(THINK[1])) {
        (_, Some((_, said))) => said.trim_start(),
        (Some(reasoning), None) if reasoning.trim().is_empty() => "",
        (Some(_) | None, None) => answer,
    }
}

/// Where the next turn of the bot begins.
fn turn_of_bot(text: &str) -> Option<usize> {
    text.find("\nBot:")
}

fn bot(text: &str, turns: &mut Turns) {
    let mut rest = text.trim_start();
    rest = rest.strip_prefix(BOT[0]).unwrap_or(rest);
    while let Some(at) = turn_of_bot(rest) {
        add(turns, Role::User, rest[..at].trim());
        let answer = &rest[at + 1 + BOT[1].len()..];
        let Some((answer, next)) = answer.split_once("\nUser:") else {
            add(turns, Role::Assistant, answer.trim_start());
            return;
        };
        add(turns, Role::Assistant, answer.trim());
        rest = next;
    }
    add(turns, Role::User, rest.trim());
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
    fn deepseek_turns_without_their_reasoning() {
        let text = "<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi<｜Assistant｜><think>\nhm\n</think>\n\nHello!\
                    <｜end▁of▁sentence｜><｜User｜>Bye<｜Assistant｜>";
        let style = Style::find(text, Markup::DeepSeek).unwrap();
        let spoken = [
            (Role::User, "Hi".to_owned()),
            (Role::Assistant, "Hello!".to_owned()),
            (Role::User, "Bye".to_owned()),
        ];
        for opening in ["", "<think>\n", "<think>\n\n</think>\n\n"] {
            let turns = parse(&format!("{text}{opening}"), style);
            assert_eq!(turns.system, ["Be brief."]);
            assert_eq!(flat(&turns), spoken, "{opening:?}");
        }
        let prefilled = parse(&format!("{text}Good "), style);
        assert_eq!(flat(&prefilled)[3], (Role::Assistant, "Good ".into()));
        let started = parse(&format!("{text}<think>\nWell"), style);
        assert_eq!(flat(&started)[3], (Role::Assistant, "<think>\nWell".into()));
        assert_eq!(Style::find("plain", Markup::DeepSeek), None);
        assert_eq!(Style::find(text, Markup::None), None);
    }

    #[test]
    fn titan_dialogues() {
        let text = "User: Hi\nBot: Hello!\nUser: Two\nlines\nBot:";
        let style = Style::find(text, Markup::Titan).unwrap();
        let turns = parse(text, style);
        assert_eq!(
            flat(&turns),
            [
                (Role::User, "Hi".into()),
                (Role::Assistant, "Hello!".into()),
                (Role::User, "Two\nlines".into())
            ]
        );
        let prefilled = parse(&format!("{text} So "), style);
        assert_eq!(flat(&prefilled)[3], (Role::Assistant, "So ".into()));
        for plain in ["Write a poem.", "User: alone", "He said: \nBot: no"] {
            assert_eq!(Style::find(plain, Markup::Titan), None, "{plain}");
        }
    }

    #[test]
    fn broken_markup_has_a_reading() {
        for text in [
            "[INST]",
            "[INST][INST] x",
            "<|start_header_id|>",
            "<|start_header_id|>user",
            "a [INST] <<SYS>> b",
            "<｜User｜>",
            "<｜Assistant｜><think>a</think><｜User｜>",
            "User:\nBot:",
            "\nBot:\nUser:\nBot:",
        ] {
            let styles =
                [Style::Headers, Style::Headers4, Style::Inst, Style::DeepSeek, Style::Bot];
            for style in styles {
                let turns = parse(text, style);
                assert!(turns.messages.iter().all(|message| !message.content.is_empty()));
            }
        }
    }
}
