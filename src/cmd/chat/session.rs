//! One conversation: turns in, text out, on an engine of its own.

use std::io;

use bedrock::canonical::{BlockKind, Event, Message, Role, StopReason, TokenLogprob};

use crate::local::{Ended, Local, Wanted, conversation, message};
use crate::settings::Settings;

/// Events that may wait for the terminal before the engine pauses.
const SINK_CAPACITY: usize = 256;

/// Fewer tokens than this say nothing about speed.
const MEASURABLE: u32 = 8;

/// Candidates a step that an explained answer keeps.
const EXPLAIN_CANDIDATES: u32 = 5;

/// A conversation and what answers it.
pub(crate) struct Session {
    local: Local,
    system: Option<String>,
    messages: Vec<Message>,
    pub(crate) settings: Settings,
    /// Whether answers are explained.
    pub(crate) explains: bool,
    /// The tokens of the last answer, if it was explained.
    explained: Vec<TokenLogprob>,
}

/// What a turn took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    pub(crate) ended: Ended,
    pub(crate) stop_reason: &'static str,
}

impl Totals {
    /// Speed after the first token; `None` where one cannot tell.
    pub(crate) fn tokens_per_second(&self) -> Option<f64> {
        let Ended { total, first_token, output, .. } = self.ended;
        let seconds = total.saturating_sub(first_token).as_secs_f64();
        let tokens = u32::try_from(output).ok()?.checked_sub(1)?;
        (tokens >= MEASURABLE && seconds > 0.0).then(|| f64::from(tokens) / seconds)
    }
}

impl Session {
    pub(crate) fn new(local: Local, system: Option<String>) -> Self {
        Self {
            local,
            system,
            messages: Vec::new(),
            settings: Settings::default(),
            explains: false,
            explained: Vec::new(),
        }
    }

    /// The model's name for people.
    pub(crate) fn model_name(&self) -> &str {
        self.local.name()
    }

    /// Forgets all turns.
    pub(crate) fn reset(&mut self) {
        self.messages.clear();
    }

    /// Changes the system prompt, which begins a new conversation.
    pub(crate) fn set_system(&mut self, text: &str) {
        self.system = Some(text.to_owned()).filter(|text| !text.is_empty());
        self.reset();
    }

    /// The tokens of the last answer with their explanations; none if it was not explained.
    pub(crate) fn explained(&self) -> &[TokenLogprob] {
        &self.explained
    }

    /// Takes a turn; `show` gets the answer piece by piece. A turn without an answer leaves no trace.
    ///
    /// # Errors
    /// Those of prompt, engine and `show`.
    pub(crate) fn turn(
        &mut self,
        text: &str,
        show: impl FnMut(&str) -> io::Result<()>,
    ) -> anyhow::Result<Totals> {
        self.messages.push(message(Role::User, text));
        self.explained.clear();
        match self.generate(show) {
            Ok((totals, answer)) => {
                if answer.text.is_empty() {
                    self.messages.pop();
                } else {
                    self.messages.push(message(Role::Assistant, &answer.text));
                }
                self.explained = answer.explained;
                Ok(totals)
            }
            Err(error) => {
                self.messages.pop();
                Err(error)
            }
        }
    }

    fn generate<S: FnMut(&str) -> io::Result<()>>(
        &self,
        show: S,
    ) -> anyhow::Result<(Totals, Answer<S>)> {
        let mut request = conversation(self.system.as_deref(), self.messages.clone());
        request.stop_sequences = self.settings.stop_sequences();
        let mut sampling = self.settings.sampling();
        sampling.explain = self.explains.then_some(EXPLAIN_CANDIDATES);
        let wanted = Wanted {
            sampling,
            max_tokens: self.settings.max_tokens(),
            sink_capacity: SINK_CAPACITY,
        };
        let generation = self.local.submit(&request, wanted)?;
        let mut answer = Answer {
            show,
            text: String::new(),
            reasons: false,
            stop_reason: StopReason::EndTurn,
            explained: Vec::new(),
        };
        let ended = generation.read(|event| answer.take(event))?;
        Ok((Totals { ended, stop_reason: answer.stop_reason.as_str() }, answer))
    }
}

/// An answer as it comes.
struct Answer<S> {
    show: S,
    text: String,
    /// Whether the open block is reasoning, which is shown and not kept.
    reasons: bool,
    stop_reason: StopReason,
    explained: Vec<TokenLogprob>,
}

impl<S: FnMut(&str) -> io::Result<()>> Answer<S> {
    fn take(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Delta { text, .. } => {
                (self.show)(&text)?;
                if !self.reasons {
                    self.text.push_str(&text);
                }
            }
            Event::BlockStart { kind: BlockKind::ToolUse { name, .. }, .. } => {
                (self.show)(&format!("[{name}] "))?
            }
            Event::BlockStart { kind, .. } => self.reasons = kind == BlockKind::Reasoning,
            Event::BlockStop { .. } if self.reasons => {
                self.reasons = false;
                (self.show)("\n\n")?;
            }
            Event::Logprobs { tokens, .. } => self.explained.extend(tokens),
            Event::Stop { reason, .. } => self.stop_reason = reason,
            Event::BlockStop { .. } | Event::Usage(_) => {}
        }
        Ok(())
    }
}
