//! How a decoder goes from text to reasoning, calls and messages in channels, and back.

use bedrock::canonical::Event;
use engine::TokenId;

use super::{Beginning, Broken, Decoder, Mode, Setup};
use crate::dialect::Use;
use crate::dialects::{self, HARMONY_MARKS, Header, Syntax, Verdict, read_header};
use crate::tool_call::Step;

impl Setup {
    fn syntax(&self) -> Option<Syntax> {
        self.dialect.as_ref().map(|dialect| dialect.syntax)
    }

    /// The text of a token that means something but adds nothing to a text.
    pub(super) fn mark(&self, token: TokenId) -> Option<&'static str> {
        let opening = self.dialect.as_ref().filter(|dialect| dialect.token == Some(token));
        if let Some(dialect) = opening.filter(|dialect| !dialect.open.is_empty()) {
            return Some(dialect.open);
        }
        let tags = self.tags.iter().flat_map(|tags| [tags.open, tags.close]);
        let close = self.dialect.iter().filter_map(|dialect| dialect.close);
        let calls = self.syntax().map_or(&[][..], Syntax::marks).iter().copied();
        let channels = if self.channels { &HARMONY_MARKS[..] } else { &[] };
        let tokenizer = self.tokenizer.as_ref();
        // Most tokens add bytes and are none of them.
        if !tokenizer.token_bytes(token).is_empty() {
            return None;
        }
        tags.chain(close)
            .chain(calls)
            .chain(channels.iter().copied())
            .find(|text| dialects::control(tokenizer, text) == Some(token))
    }

    /// Whether a call has no opening but its own beginning.
    fn calls_bare(&self) -> bool {
        self.syntax() == Some(Syntax::Llama) && self.tool_use == Use::May
    }
}

impl Decoder {
    /// The mode in which the prompt leaves the answer.
    pub(super) fn begin(&mut self) {
        let setup = &self.setup;
        let opening = setup.dialect.as_ref().and_then(|dialect| {
            let (markup, call) = setup.tool_use.opening(dialect)?;
            Some((dialect.syntax, markup, call, setup.tool_use.seal(dialect)))
        });
        match opening {
            Some((Syntax::Harmony, markup, call, _)) => {
                self.mode = Mode::Header(format!("{markup}{call}"));
                if let Use::MustNamed(name) = &setup.tool_use {
                    self.seeded.push(Step::Name(name.clone()));
                    self.mode = Mode::Call(Syntax::Harmony.calls(&setup.tools));
                }
            }
            Some((syntax, _, call, seal)) => {
                let mut calls = syntax.calls(&setup.tools);
                // What the prompt says is a call's beginning; should it not be, the answer cannot be one either.
                let _ = calls.push(&format!("{call}{seal}"), &mut self.seeded);
                self.mode = Mode::Call(calls);
            }
            None => match setup.beginning {
                Beginning::Header => self.mode = Mode::Header(String::new()),
                Beginning::Reasoning => self.enter_reasoning(&mut Vec::new()),
                Beginning::Turn if setup.tags.is_some() || setup.calls_bare() => {
                    self.mode = Mode::Start(String::new(), setup.tags.is_some());
                }
                Beginning::Turn | Beginning::Text => {}
            },
        }
    }

    /// Bytes that went to the search for stop sequences, or will should they be text.
    pub(super) fn position(&self) -> usize {
        let held = if let Mode::Start(held, _) = &self.mode { held.len() } else { 0 };
        self.matcher.position() + held
    }

    /// What was held and became no text holds no log-probability back.
    pub(super) fn settle(&mut self) {
        let position = self.matcher.position();
        for waiting in &mut self.waiting {
            waiting.start = waiting.start.min(position);
            waiting.end = waiting.end.min(position);
        }
    }

    /// Judges the beginning of an answer; at the `last` there will be no more of it. `Some` is text for the mode that
    /// follows.
    pub(super) fn judge(&mut self, last: bool, out: &mut Vec<Event>) -> Option<String> {
        let Mode::Start(held, reasons) = &self.mode else { return None };
        let text = held.trim_start();
        if let Some(tags) = self.setup.tags.filter(|_| *reasons) {
            if let Some(rest) = text.strip_prefix(tags.open) {
                let rest = rest.to_owned();
                self.enter_reasoning(out);
                return Some(rest);
            }
            if !last && tags.open.starts_with(text) {
                return None;
            }
        }
        if self.setup.calls_bare() {
            match dialects::judge(text, &self.setup.tools) {
                Verdict::Call => {
                    let text = text.to_owned();
                    self.mode = Mode::Call(Syntax::Llama.calls(&self.setup.tools));
                    self.settle();
                    return Some(text);
                }
                Verdict::More if !last => return None,
                Verdict::More | Verdict::Text => {}
            }
        }
        let held = held.clone();
        self.mode = Mode::Text;
        Some(held)
    }

    fn enter_reasoning(&mut self, out: &mut Vec<Event>) {
        self.leading.clear();
        self.close_block(out);
        self.mode = Mode::Reasoning;
        self.trailing.clear();
        self.skip_first_space = false;
        self.settle();
    }

    pub(super) fn leave_reasoning(&mut self, out: &mut Vec<Event>) {
        self.trailing.clear();
        self.close_block(out);
        self.skip_space = true;
        self.mode =
            if self.setup.calls_bare() { Mode::Start(String::new(), false) } else { Mode::Text };
    }

    /// A control token came, and the text before it was taken.
    pub(super) fn mark(&mut self, mark: &'static str, out: &mut Vec<Event>) -> Result<(), Broken> {
        if self.setup.channels {
            return self.channel_mark(mark, out);
        }
        let tags = self.setup.tags;
        if let Mode::Call(calls) = &self.mode {
            // A tag of reasoning in a call is no call either.
            return if calls.takes_mark() {
                self.take(mark.to_owned(), out)
            } else {
                Err(Broken::Call)
            };
        }
        if tags.is_some_and(|tags| tags.close == mark) {
            if matches!(self.mode, Mode::Reasoning) {
                self.end_mode(out)?;
                self.leave_reasoning(out);
            }
            return Ok(());
        }
        if tags.is_some_and(|tags| tags.open == mark) {
            if !matches!(self.mode, Mode::Reasoning) {
                if matches!(&self.mode, Mode::Start(held, _) if held.trim().is_empty()) {
                    self.mode = Mode::Text;
                }
                self.end_mode(out)?;
                if !self.ended {
                    self.enter_reasoning(out);
                }
            }
            return Ok(());
        }
        self.end_mode(out)?;
        if self.ended {
            return Ok(());
        }
        let dialect = self.setup.dialect.as_ref();
        let opens = dialect.is_some_and(|dialect| dialect.open == mark || dialect.open.is_empty());
        match (&self.mode, opens) {
            // What was held had opened a call itself.
            (Mode::Call(_), _) => Err(Broken::Call),
            (_, true) => self.open_call(out),
            // Any other mark of calls means a call that has no beginning.
            _ if self.setup.tool_use != Use::No => Err(Broken::Call),
            _ => Ok(()),
        }
    }

    /// Lets go of all that the mode holds: nothing of it can go on across a control token.
    fn end_mode(&mut self, out: &mut Vec<Event>) -> Result<(), Broken> {
        while !self.ended {
            match self.let_go(out)? {
                Some(rest) => self.take(rest, out)?,
                None => break,
            }
        }
        if matches!(self.mode, Mode::Reasoning) {
            self.trailing.clear();
        }
        Ok(())
    }

    fn channel_mark(&mut self, mark: &'static str, out: &mut Vec<Event>) -> Result<(), Broken> {
        match (&mut self.mode, mark) {
            (Mode::Header(header), "<|message|>") => {
                let header = std::mem::take(header);
                self.open_message(&header, out)
            }
            (Mode::Header(header), "<|channel|>" | "<|constrain|>") => {
                header.push_str(mark);
                Ok(())
            }
            (Mode::Header(header), _) => {
                if header.trim().is_empty() {
                    header.clear();
                    return Ok(());
                }
                Err(Broken::Output)
            }
            (_, "<|message|>" | "<|constrain|>") => Err(Broken::Output),
            (Mode::Call(calls), _) if !calls.complete() => Err(Broken::Call),
            _ => {
                self.end_mode(out)?;
                if self.ended {
                    return Ok(());
                }
                self.leading.clear();
                self.close_block(out);
                let header = if mark == "<|channel|>" { mark } else { "" };
                self.mode = Mode::Header(header.to_owned());
                Ok(())
            }
        }
    }

    fn open_message(&mut self, header: &str, out: &mut Vec<Event>) -> Result<(), Broken> {
        match read_header(header) {
            Header::Text => self.mode = Mode::Text,
            Header::Reasoning => self.enter_reasoning(out),
            Header::Call(name) if self.setup.tool_use != Use::No => {
                self.mode = Mode::Call(Syntax::Harmony.calls(&self.setup.tools));
                self.start_call(name, out)?;
            }
            Header::Call(_) | Header::OtherCall => return Err(Broken::Call),
            Header::Unknown => return Err(Broken::Output),
        }
        Ok(())
    }
}
