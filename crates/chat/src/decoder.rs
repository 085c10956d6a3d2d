//! Token ids to canonical events, one token at a time.

mod modes;
mod told;

use std::collections::VecDeque;
use std::sync::Arc;

use bedrock::canonical::{BlockKind, Event, StopReason, TokenLogprob, Tool};
use engine::{FinishReason, TokenId, Tokenizer};

use crate::dialect::{Dialect, Use};
use crate::dialects::Calls;
use crate::ids::Ids;
use crate::reasoning::Tags;
use crate::stops::{Found, Matcher};
use crate::tool_call::{Malformed, Step};
use crate::utf8::Utf8;
use told::entry;

/// Whether more tokens are of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// The answer is complete and its [`Event::Stop`] told; further tokens change nothing.
    Stop,
}

/// Turns the tokens of one choice into events.
///
/// The texts of all deltas together are the tokens' bytes, decoded as `String::from_utf8_lossy` decodes the whole, up
/// to the first stop sequence; tool calls and reasoning are cut out of it, and stop sequences are not sought in them. No
/// event holds a part of a character.
pub struct Decoder {
    setup: Setup,
    utf8: Utf8,
    /// Finds stop sequences and the opening of a call.
    matcher: Matcher,
    /// Finds the end of reasoning.
    closing: Matcher,
    mode: Mode,
    block: Block,
    /// What the prompt tells of a forced call.
    seeded: Vec<Step>,
    /// White space at the end of reasoning so far.
    trailing: String,
    /// White space before a text so far: before a call it is none.
    leading: String,
    /// Log-probabilities of tokens whose text has not left yet.
    waiting: VecDeque<Waiting>,
    output_tokens: u64,
    calls: u32,
    ended: bool,
    /// White space is dropped until something else comes (after a tool call, around reasoning).
    skip_space: bool,
    /// The first character is dropped if it is a space (SentencePiece).
    skip_first_space: bool,
}

/// What does not change while tokens come.
pub(crate) struct Setup {
    pub(crate) tokenizer: Arc<dyn Tokenizer>,
    pub(crate) choice: u32,
    pub(crate) stops: Vec<String>,
    pub(crate) dialect: Option<Dialect>,
    /// The tools that may be called.
    pub(crate) tools: Vec<Tool>,
    pub(crate) tool_use: Use,
    /// Whether the answer ends with its first call.
    pub(crate) one_call: bool,
    pub(crate) skip_first_space: bool,
    pub(crate) ids: Ids,
    /// What stands around reasoning.
    pub(crate) tags: Option<Tags>,
    /// What an answer without a forced call begins with.
    pub(crate) beginning: Beginning,
    /// Whether control tokens are those of messages in channels.
    pub(crate) channels: bool,
}

/// Where in a turn an answer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// At its start.
    Turn,
    /// In a message's header.
    Header,
    /// Inside reasoning.
    Reasoning,
    /// In its text.
    Text,
}

enum Mode {
    /// Before anything was said; holds what may become an opening. Whether reasoning may come.
    Start(String, bool),
    Text,
    Reasoning,
    Call(Box<dyn Calls>),
    /// Between messages in channels; the header so far.
    Header(String),
}

/// The block being written.
struct Block {
    index: u32,
    open: bool,
}

struct Waiting {
    /// Where the token's text begins and ends, in bytes of decoded text.
    start: usize,
    end: usize,
    entry: TokenLogprob,
}

/// Why an answer cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Something that is no tool call stands where one must.
    Call,
    /// Its messages have no shape.
    Output,
}

impl From<Malformed> for Broken {
    fn from(Malformed: Malformed) -> Self {
        Broken::Call
    }
}

impl From<Broken> for StopReason {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Call => StopReason::MalformedToolUse,
            Broken::Output => StopReason::MalformedModelOutput,
        }
    }
}

/// Longest header of a message, in bytes.
const MAX_HEADER: usize = 2048;

impl Decoder {
    pub(crate) fn new(setup: Setup) -> Self {
        let may_call = setup.tool_use != Use::No;
        // The opening of a call is found the way a stop sequence is.
        let open = setup.dialect.as_ref().filter(|_| may_call).and_then(Dialect::pattern);
        let matcher = Matcher::new(setup.stops.iter().map(String::as_str).chain(open));
        let closing = Matcher::new(setup.tags.iter().map(|tags| tags.close));
        let skip_first_space = setup.skip_first_space;
        let mut decoder = Self {
            setup,
            utf8: Utf8::default(),
            matcher,
            closing,
            mode: Mode::Text,
            block: Block { index: 0, open: false },
            seeded: Vec::new(),
            trailing: String::new(),
            leading: String::new(),
            waiting: VecDeque::new(),
            output_tokens: 0,
            calls: 0,
            ended: false,
            skip_space: false,
            skip_first_space,
        };
        decoder.begin();
        decoder
    }

    /// Takes a generated token (never a stop token) and appends what it brings to `out`.
    pub fn push(
        &mut self,
        token: TokenId,
        logprob: Option<&engine::TokenLogprob>,
        out: &mut Vec<Event>,
    ) -> Flow {
        if self.ended {
            return Flow::Stop;
        }
        self.output_tokens += 1;
        let mark = self.setup.mark(token);
        let start = self.position();
        let mut text = String::new();
        if mark.is_some() {
            self.utf8.finish(&mut text);
        } else {
            self.utf8.push(self.setup.tokenizer.token_bytes(token), &mut text);
        }
        let mut result = self.take(text, out);
        if let Some(logprob) = logprob {
            let entry = entry(self.setup.tokenizer.as_ref(), logprob);
            let end = self.position();
            self.waiting.push_back(Waiting { start: start.min(end), end, entry });
        }
        if let Some(mark) = mark
            && !self.ended
            && !self.has_called()
            && result.is_ok()
        {
            result = self.mark(mark, out);
        }
        if self.has_called() && !self.ended && result.is_ok() {
            self.stop(StopReason::ToolUse, None, out);
        }
        if let Err(broken) = result {
            self.stop(broken.into(), None, out);
        }
        if !self.ended {
            self.release_logprobs(self.matcher.released(), out);
        }
        if self.ended { Flow::Stop } else { Flow::Continue }
    }

    /// The engine has ended this choice: lets go of what was held back, ends the block and tells why.
    pub fn finish(&mut self, reason: FinishReason, out: &mut Vec<Event>) {
        if self.ended {
            return;
        }
        let mut text = String::new();
        self.utf8.finish(&mut text);
        let mut result = self.take(text, out);
        while result.is_ok() && !self.ended {
            match self.let_go(out) {
                Ok(Some(rest)) => result = self.take(rest, out),
                Ok(None) => break,
                Err(broken) => result = Err(broken),
            }
        }
        if self.ended {
            return;
        }
        let broken = match (&self.mode, result) {
            (_, Err(broken)) => Some(broken),
            (Mode::Call(calls), _) if !calls.complete() => Some(Broken::Call),
            (Mode::Header(header), _) if !header.trim().is_empty() => Some(Broken::Output),
            _ => None,
        };
        let reason = match reason {
            _ if result.is_err() => broken.map_or(StopReason::EndTurn, Into::into),
            FinishReason::MaxTokens => StopReason::MaxTokens,
            FinishReason::ContextFull => StopReason::ModelContextWindowExceeded,
            FinishReason::StopToken => match broken {
                Some(broken) => broken.into(),
                None if self.calls > 0 => StopReason::ToolUse,
                None => StopReason::EndTurn,
            },
        };
        self.stop(reason, None, out);
    }

    /// Tokens taken, those of a stop sequence included, those after it not.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        self.output_tokens
    }

    /// Takes decoded text in whatever mode, and the next modes as it leads to them.
    fn take(&mut self, mut text: String, out: &mut Vec<Event>) -> Result<(), Broken> {
        while !text.is_empty() && !self.ended && !self.has_called() {
            let rest = match &mut self.mode {
                Mode::Start(held, _) => {
                    held.push_str(&text);
                    self.judge(false, out)
                }
                Mode::Text => {
                    let mut free = String::new();
                    let found = self.matcher.push(&text, &mut free);
                    self.emit_text(&free, out);
                    let Some((found, rest)) = found else { return Ok(()) };
                    self.found(found, out)?;
                    Some(rest)
                }
                Mode::Reasoning => {
                    let mut free = String::new();
                    let found = self.closing.push(&text, &mut free);
                    self.emit_reasoning(&free, out);
                    found.map(|(_, rest)| {
                        self.leave_reasoning(out);
                        rest
                    })
                }
                Mode::Call(calls) => {
                    let mut steps = std::mem::take(&mut self.seeded);
                    let rest = calls.push(&text, &mut steps);
                    self.tell(steps, out)?;
                    if self.has_called() {
                        return Ok(());
                    }
                    let rest = rest?;
                    if rest.is_some() {
                        self.mode = Mode::Text;
                        self.skip_space = true;
                    }
                    rest
                }
                Mode::Header(header) => {
                    header.push_str(&text);
                    if header.len() > MAX_HEADER {
                        return Err(Broken::Output);
                    }
                    None
                }
            };
            match rest {
                Some(rest) => text = rest,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// At the end of the answer or of a message: lets go of what is held. `Some` is text for the mode that follows.
    fn let_go(&mut self, out: &mut Vec<Event>) -> Result<Option<String>, Broken> {
        let mut free = String::new();
        match &mut self.mode {
            Mode::Start(..) => Ok(self.judge(true, out)),
            Mode::Text => {
                let found = self.matcher.finish(&mut free);
                self.emit_text(&free, out);
                let Some((found, rest)) = found else { return Ok(None) };
                self.found(found, out)?;
                Ok(Some(rest))
            }
            Mode::Reasoning => {
                self.closing.finish(&mut free);
                self.emit_reasoning(&free, out);
                Ok(None)
            }
            Mode::Call(_) | Mode::Header(_) => Ok(None),
        }
    }

    /// A pattern was found and the text before it has left.
    fn found(&mut self, found: Found, out: &mut Vec<Event>) -> Result<(), Broken> {
        let Some(stop) = self.setup.stops.get(found.pattern) else {
            return self.open_call(out);
        };
        let stop = stop.clone();
        self.waiting.retain(|waiting| waiting.start < found.start);
        self.stop(StopReason::StopSequence, Some(stop), out);
        Ok(())
    }

    /// Tells what a call brought.
    fn tell(&mut self, steps: Vec<Step>, out: &mut Vec<Event>) -> Result<(), Broken> {
        for step in steps {
            match step {
                Step::Name(name) => self.start_call(name, out)?,
                Step::Arguments(text) => self.delta(text, out),
                Step::End => {
                    self.calls += 1;
                    self.close_block(out);
                    if self.has_called() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether the only call that is wanted was told.
    fn has_called(&self) -> bool {
        self.setup.one_call && self.calls > 0
    }

    fn open_call(&mut self, out: &mut Vec<Event>) -> Result<(), Broken> {
        let Some(dialect) = self.setup.dialect.as_ref().filter(|_| self.setup.tool_use != Use::No)
        else {
            return Err(Broken::Call);
        };
        let calls = dialect.syntax.calls(&self.setup.tools);
        self.leading.clear();
        self.close_block(out);
        self.settle();
        self.mode = Mode::Call(calls);
        Ok(())
    }

    fn start_call(&mut self, name: String, out: &mut Vec<Event>) -> Result<(), Broken> {
        if self.setup.tools.iter().all(|tool| tool.name != name) {
            return Err(Broken::Call);
        }
        let id = self.setup.ids.call(self.block.index);
        self.open_block(BlockKind::ToolUse { id, name }, out);
        Ok(())
    }

    fn emit_text(&mut self, text: &str, out: &mut Vec<Event>) {
        let mut text = text;
        if self.skip_first_space && !text.is_empty() {
            self.skip_first_space = false;
            text = text.strip_prefix(' ').unwrap_or(text);
        }
        if self.skip_space {
            text = text.trim_start();
            self.skip_space = text.is_empty();
        }
        if text.is_empty() {
            return;
        }
        if self.block.open {
            return self.delta(text.to_owned(), out);
        }
        self.leading.push_str(text);
        if self.setup.tool_use == Use::No || !text.trim().is_empty() {
            self.let_leading_go(out);
        }
    }

    fn let_leading_go(&mut self, out: &mut Vec<Event>) {
        let text = std::mem::take(&mut self.leading);
        if !text.is_empty() {
            self.open_block(BlockKind::Text, out);
            self.delta(text, out);
        }
    }

    /// More reasoning; white space around it is not told.
    fn emit_reasoning(&mut self, text: &str, out: &mut Vec<Event>) {
        let body = text.trim_end();
        if body.is_empty() {
            self.trailing.push_str(text);
            return;
        }
        let mut told = std::mem::take(&mut self.trailing);
        told.push_str(body);
        self.trailing.push_str(&text[body.len()..]);
        if !self.block.open {
            told.drain(..told.len() - told.trim_start().len());
            self.open_block(BlockKind::Reasoning, out);
        }
        self.delta(told, out);
    }

    fn open_block(&mut self, kind: BlockKind, out: &mut Vec<Event>) {
        self.block.open = true;
        out.push(Event::BlockStart { choice: self.setup.choice, index: self.block.index, kind });
    }

    fn delta(&mut self, text: String, out: &mut Vec<Event>) {
        out.push(Event::Delta { choice: self.setup.choice, index: self.block.index, text });
    }

    fn close_block(&mut self, out: &mut Vec<Event>) {
        if self.block.open {
            out.push(Event::BlockStop { choice: self.setup.choice, index: self.block.index });
            self.block = Block { index: self.block.index + 1, open: false };
        }
    }

    fn stop(&mut self, reason: StopReason, stop_sequence: Option<String>, out: &mut Vec<Event>) {
        self.let_leading_go(out);
        self.release_logprobs(usize::MAX, out);
        self.close_block(out);
        self.ended = true;
        out.push(Event::Stop { choice: self.setup.choice, reason, stop_sequence });
    }

    /// Tells the log-probabilities of the tokens whose text has left.
    fn release_logprobs(&mut self, left: usize, out: &mut Vec<Event>) {
        let ready = self.waiting.iter().take_while(|waiting| waiting.end <= left).count();
        if ready > 0 {
            let tokens = self.waiting.drain(..ready).map(|waiting| waiting.entry).collect();
            out.push(Event::Logprobs { choice: self.setup.choice, tokens });
        }
    }
}
