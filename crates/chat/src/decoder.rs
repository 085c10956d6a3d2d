//! Token ids to canonical events, one token at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use bedrock::canonical::{
    BlockKind, Candidate, Event, Explanation, Stage, StopReason, TokenLogprob,
};
use engine::{FinishReason, TokenId, Tokenizer};

use crate::dialect::{Dialect, Use};
use crate::ids::Ids;
use crate::stops::{Found, Matcher};
use crate::tool_call::CallParser;
use crate::utf8::Utf8;

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
/// to the first stop sequence; tool calls are cut out of it, and stop sequences are not sought in them. No event holds a part of a character.
pub struct Decoder {
    setup: Setup,
    utf8: Utf8,
    matcher: Matcher,
    mode: Mode,
    block: Block,
    /// Log-probabilities of tokens whose text has not left yet.
    waiting: VecDeque<Waiting>,
    output_tokens: u64,
    calls: u32,
    ended: bool,
    /// White space is dropped until something else comes (after a tool call).
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
    /// Names of the tools that may be called.
    pub(crate) tools: Vec<String>,
    pub(crate) tool_use: Use,
    pub(crate) skip_first_space: bool,
    pub(crate) ids: Ids,
}

enum Mode {
    Text,
    Call(CallParser),
    /// After a call; holds what may become the closing text.
    AfterCall(String),
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

/// Something that is no tool call stands where one must.
struct Malformed;

impl Decoder {
    pub(crate) fn new(setup: Setup) -> Self {
        let may_call = setup.tool_use != Use::No;
        // The opening of a call is found the way a stop sequence is.
        let open = setup.dialect.as_ref().filter(|_| may_call).map(|dialect| dialect.open);
        let matcher = Matcher::new(setup.stops.iter().map(String::as_str).chain(open));
        let skip_first_space = setup.skip_first_space;
        let forced = setup.tool_use.clone();
        let mut decoder = Self {
            setup,
            utf8: Utf8::default(),
            matcher,
            mode: Mode::Text,
            block: Block { index: 0, open: false },
            waiting: VecDeque::new(),
            output_tokens: 0,
            calls: 0,
            ended: false,
            skip_space: false,
            skip_first_space,
        };
        match forced {
            Use::No | Use::May => {}
            Use::Must => decoder.mode = Mode::Call(CallParser::new()),
            Use::MustNamed(_) => decoder.mode = Mode::Call(CallParser::seeded()),
        }
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
        let opens = self.setup.dialect.as_ref().and_then(|dialect| dialect.token) == Some(token);
        let start = self.matcher.position();
        let mut text = String::new();
        if opens {
            self.utf8.finish(&mut text);
        } else {
            self.utf8.push(self.setup.tokenizer.token_bytes(token), &mut text);
        }
        let mut result = self.take(text, out);
        if let Some(logprob) = logprob {
            let entry = entry(self.setup.tokenizer.as_ref(), logprob);
            let end = self.matcher.position();
            self.waiting.push_back(Waiting { start: start.min(end), end, entry });
        }
        if opens && !self.ended && result.is_ok() {
            result = self.open_call(out);
        }
        if result.is_err() {
            self.stop(StopReason::MalformedToolUse, None, out);
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
        while result.is_ok() && !self.ended && matches!(self.mode, Mode::Text) {
            let mut text = String::new();
            let Some((found, rest)) = self.matcher.finish(&mut text) else {
                self.emit_text(&text, out);
                break;
            };
            self.emit_text(&text, out);
            result = self.found(found, out).and_then(|()| self.take(rest, out));
        }
        if self.ended {
            return;
        }
        let unfinished = match &self.mode {
            Mode::Text => false,
            Mode::Call(_) => true,
            Mode::AfterCall(held) => !held.is_empty(),
        };
        let reason = match reason {
            _ if result.is_err() => StopReason::MalformedToolUse,
            FinishReason::MaxTokens => StopReason::MaxTokens,
            FinishReason::ContextFull => StopReason::ModelContextWindowExceeded,
            FinishReason::StopToken if unfinished => StopReason::MalformedToolUse,
            FinishReason::StopToken if self.calls > 0 => StopReason::ToolUse,
            FinishReason::StopToken => StopReason::EndTurn,
        };
        self.stop(reason, None, out);
    }

    /// Tokens taken, those of a stop sequence included, those after it not.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        self.output_tokens
    }

    /// Takes decoded text in whatever mode, and the next modes as it leads to them.
    fn take(&mut self, mut text: String, out: &mut Vec<Event>) -> Result<(), Malformed> {
        while !text.is_empty() && !self.ended {
            text = match &mut self.mode {
                Mode::Text => {
                    let mut free = String::new();
                    let found = self.matcher.push(&text, &mut free);
                    self.emit_text(&free, out);
                    let Some((found, rest)) = found else { return Ok(()) };
                    self.found(found, out)?;
                    rest
                }
                Mode::Call(parser) => {
                    let progress = parser.push(&text).map_err(|_| Malformed)?;
                    if let Some(name) = progress.name {
                        self.start_call(name, out)?;
                    }
                    if !progress.arguments.is_empty() {
                        self.delta(progress.arguments, out);
                    }
                    let Some(rest) = progress.rest else { return Ok(()) };
                    self.calls += 1;
                    self.close_block(out);
                    self.mode = Mode::AfterCall(String::new());
                    rest
                }
                Mode::AfterCall(held) => {
                    held.push_str(&text);
                    match self.after_call()? {
                        Some(rest) => rest,
                        None => return Ok(()),
                    }
                }
            };
        }
        Ok(())
    }

    /// After a call: the closing text if the dialect has one, then text again. Pebble's answers end with their calls.
    fn after_call(&mut self) -> Result<Option<String>, Malformed> {
        let Mode::AfterCall(held) = &mut self.mode else { return Ok(None) };
        let text = held.trim_start();
        let close = self.setup.dialect.as_ref().and_then(|dialect| dialect.close);
        if text.is_empty() {
            held.clear();
            return Ok(None);
        }
        let close = close.ok_or(Malformed)?;
        if let Some(rest) = text.strip_prefix(close) {
            let rest = rest.to_owned();
            self.mode = Mode::Text;
            self.skip_space = true;
            return Ok(Some(rest));
        }
        if close.starts_with(text) { Ok(None) } else { Err(Malformed) }
    }

    /// A pattern was found and the text before it has left.
    fn found(&mut self, found: Found, out: &mut Vec<Event>) -> Result<(), Malformed> {
        let Some(stop) = self.setup.stops.get(found.pattern) else {
            return self.open_call(out);
        };
        let stop = stop.clone();
        self.waiting.retain(|waiting| waiting.start < found.start);
        self.stop(StopReason::StopSequence, Some(stop), out);
        Ok(())
    }

    fn open_call(&mut self, out: &mut Vec<Event>) -> Result<(), Malformed> {
        if matches!(self.mode, Mode::Text) {
            // Nothing that was held back can become a stop sequence across a call.
            let mut text = String::new();
            let found = self.matcher.finish(&mut text);
            self.emit_text(&text, out);
            if let Some((found, _)) = found
                && found.pattern < self.setup.stops.len()
            {
                return self.found(found, out);
            }
        }
        if self.setup.tool_use == Use::No || matches!(self.mode, Mode::Call(_)) {
            return Err(Malformed);
        }
        self.close_block(out);
        self.mode = Mode::Call(CallParser::new());
        Ok(())
    }

    fn start_call(&mut self, name: String, out: &mut Vec<Event>) -> Result<(), Malformed> {
        if !self.setup.tools.contains(&name) {
            return Err(Malformed);
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
        if !self.block.open {
            self.open_block(BlockKind::Text, out);
        }
        self.delta(text.to_owned(), out);
    }

    fn open_block(&mut self, kind: BlockKind, out: &mut Vec<Event>) {
        self.block.open = true;
        out.push(Event::BlockStart { choice: self.setup.choice, index: self.block.index, kind });
    }

    /// More of the open block. A call whose name is in the prompt opens its block here.
    fn delta(&mut self, text: String, out: &mut Vec<Event>) {
        if !self.block.open
            && let Use::MustNamed(name) = &self.setup.tool_use
        {
            let (id, name) = (self.setup.ids.call(self.block.index), name.clone());
            self.open_block(BlockKind::ToolUse { id, name }, out);
        }
        out.push(Event::Delta { choice: self.setup.choice, index: self.block.index, text });
    }

    fn close_block(&mut self, out: &mut Vec<Event>) {
        if self.block.open {
            out.push(Event::BlockStop { choice: self.setup.choice, index: self.block.index });
            self.block = Block { index: self.block.index + 1, open: false };
        }
    }

    fn stop(&mut self, reason: StopReason, stop_sequence: Option<String>, out: &mut Vec<Event>) {
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

fn entry(tokenizer: &dyn Tokenizer, logprob: &engine::TokenLogprob) -> TokenLogprob {
    let text = |id: TokenId| {
        let bytes = tokenizer.token_bytes(id).to_vec();
        (String::from_utf8_lossy(&bytes).into_owned(), bytes)
    };
    let (token, bytes) = text(logprob.token);
    let top = logprob.top.iter().map(|&(id, value)| {
        let (token, bytes) = text(id);
        (token, bytes, value)
    });
    let explanation = logprob.explanation.as_deref();
    let explanation = explanation.map(|told| Box::new(explain(tokenizer, logprob.token, told)));
    TokenLogprob { token, bytes, logprob: logprob.logprob, top: top.collect(), explanation }
}

/// An explanation with the tokens' texts.
fn explain(tokenizer: &dyn Tokenizer, id: TokenId, told: &engine::Explanation) -> Explanation {
    let candidate = |candidate: &engine::Candidate| Candidate {
        token: String::from_utf8_lossy(tokenizer.token_bytes(candidate.token)).into_owned(),
        id: candidate.token,
        rank: candidate.rank as u64,
        logit: candidate.logit,
        probability: candidate.probability,
    };
    let stage = |stage: &engine::Stage| Stage {
        step: stage.step.name(),
        changed: stage.changed,
        kept: stage.kept as u64,
        candidates: stage.candidates.iter().map(candidate).collect(),
        rest: stage.rest,
    };
    let stages = told.stages.iter().map(stage).collect();
    Explanation { id, stages, random: told.random, entropy: told.entropy }
}
