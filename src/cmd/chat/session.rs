//! One conversation: turns in, text out, on an engine of its own.

use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bedrock::canonical::{
    Block, BlockKind, Event, Message, Prompt, Request, Role, StopReason, Turns,
};
use chat::{ChatModel, Decoder, Flow, PromptTokens};
use engine::{EventReceiver, Handle};
use server::LoadedParts;

use super::settings::Settings;

/// Events that may wait for the terminal before the engine pauses.
const SINK_CAPACITY: usize = 256;

/// Fewer tokens than this say nothing about speed.
const MEASURABLE: u32 = 8;

/// A conversation and what answers it.
pub(crate) struct Session {
    chat: ChatModel,
    handle: Handle,
    system: Option<String>,
    messages: Vec<Message>,
    pub(crate) settings: Settings,
}

/// What a turn took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    pub(crate) input: usize,
    pub(crate) cached: usize,
    pub(crate) output: u64,
    pub(crate) seed: u64,
    pub(crate) first_token: Duration,
    pub(crate) total: Duration,
    pub(crate) stop_reason: &'static str,
}

impl Totals {
    /// Speed after the first token; `None` where one cannot tell.
    pub(crate) fn tokens_per_second(&self) -> Option<f64> {
        let seconds = self.total.saturating_sub(self.first_token).as_secs_f64();
        let tokens = u32::try_from(self.output).ok()?.checked_sub(1)?;
        (tokens >= MEASURABLE && seconds > 0.0).then(|| f64::from(tokens) / seconds)
    }
}

impl Session {
    /// Starts the engine.
    ///
    /// # Errors
    /// A chat template that cannot be used; too little memory.
    pub(crate) fn new(
        parts: LoadedParts,
        config: &server::Config,
        system: Option<String>,
    ) -> anyhow::Result<Self> {
        let chat = ChatModel::new(parts.tokenizer, parts.chat_template.as_deref())
            .context("the model's chat template cannot be used")?;
        let info = parts.model.info();
        // One conversation needs one window.
        let window = info.context_length.saturating_mul(info.kv_bytes_per_token).max(1 << 20);
        let kv_budget_bytes = config.memory.kv_bytes_per_model.min(window);
        let config = engine::Config { kv_budget_bytes, ..config.engine.clone() };
        let handle =
            engine::Engine::spawn(parts.model, config).context("the engine cannot start")?;
        let system = system.filter(|text| !text.trim().is_empty());
        Ok(Self { chat, handle, system, messages: Vec::new(), settings: Settings::default() })
    }

    /// The model's name for people.
    pub(crate) fn model_name(&self) -> &str {
        &self.handle.info().name
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
        let answered = self.generate(show);
        match &answered {
            Ok((_, answer)) if !answer.is_empty() => {
                self.messages.push(message(Role::Assistant, answer))
            }
            Ok(_) | Err(_) => {
                self.messages.pop();
            }
        }
        answered.map(|(totals, _)| totals)
    }

    fn generate(
        &self,
        show: impl FnMut(&str) -> io::Result<()>,
    ) -> anyhow::Result<(Totals, String)> {
        let request = self.request();
        let PromptTokens { tokens: prompt, begins_inside } = self.chat.prompt(&request)?;
        let input = prompt.len();
        let started = now();
        let (sink, events) = engine::channel_sink(SINK_CAPACITY);
        let mut sampling = self.settings.sampling();
        let forbidden = self.chat.forbidden_tokens(&request);
        sampling.logit_bias.extend(forbidden.into_iter().map(|token| (token, f32::MIN)));
        let submitted = engine::Request {
            cache_root: 0,
            prompt,
            sampling,
            max_tokens: self.settings.max_tokens(),
            stop_tokens: self.chat.stop_tokens(),
            choices: 1,
            class: engine::Class::Default,
            constraints: Vec::new(),
        };
        let _ticket = self.handle.submit(submitted, Box::new(sink))?;
        let decoder = self.chat.decoder(&request, begins_inside, 0);
        let stop_reason = StopReason::EndTurn;
        let answer = Answer { show, text: String::new(), reasons: false, stop_reason };
        let read = Reading { decoder, answer, started }.read(&events)?;
        let Read { cached, seed, output, first_token, text, stop_reason } = read;
        let total = started.elapsed();
        let stop_reason = stop_reason.as_str();
        Ok((Totals { input, cached, output, seed, first_token, total, stop_reason }, text))
    }

    fn request(&self) -> Request {
        let turns = Turns {
            system: self.system.iter().cloned().collect(),
            messages: self.messages.clone(),
        };
        Request {
            stop_sequences: self.settings.stop_sequences(),
            ..Request::new(Prompt::Turns(turns))
        }
    }
}

/// An answer as it comes.
struct Answer<S> {
    show: S,
    text: String,
    /// Whether the open block is reasoning, which is shown and not kept.
    reasons: bool,
    stop_reason: StopReason,
}

impl<S: FnMut(&str) -> io::Result<()>> Answer<S> {
    fn take(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        for event in events.drain(..) {
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
                Event::Stop { reason, .. } => self.stop_reason = reason,
                Event::BlockStop { .. } | Event::Logprobs { .. } | Event::Usage(_) => {}
            }
        }
        Ok(())
    }
}

/// A generation being read.
struct Reading<S> {
    decoder: Decoder,
    answer: Answer<S>,
    started: Instant,
}

/// A generation that was read.
struct Read {
    cached: usize,
    seed: u64,
    output: u64,
    first_token: Duration,
    text: String,
    stop_reason: StopReason,
}

impl<S: FnMut(&str) -> io::Result<()>> Reading<S> {
    fn read(mut self, events: &EventReceiver) -> anyhow::Result<Read> {
        let mut decoded = Vec::new();
        let (mut cached, mut drawn, mut first_token) = (0, 0, None);
        loop {
            let flow = match events.recv().context("the engine has stopped")? {
                engine::Event::Started { cached_tokens, seed } => {
                    (cached, drawn) = (cached_tokens, seed);
                    Flow::Continue
                }
                engine::Event::Token { token, logprob, .. } => {
                    first_token.get_or_insert_with(|| self.started.elapsed());
                    self.decoder.push(token, logprob.as_deref(), &mut decoded)
                }
                engine::Event::Finished { reason, .. } => {
                    self.decoder.finish(reason, &mut decoded);
                    Flow::Stop
                }
                engine::Event::Failed(error) => bail!(error),
            };
            self.answer.take(&mut decoded)?;
            if flow == Flow::Stop {
                break;
            }
        }
        Ok(Read {
            cached,
            seed: drawn,
            output: self.decoder.output_tokens(),
            first_token: first_token.unwrap_or_else(|| self.started.elapsed()),
            text: self.answer.text,
            stop_reason: self.answer.stop_reason,
        })
    }
}

fn message(role: Role, text: &str) -> Message {
    Message { role, content: vec![Block::Text(text.to_owned())] }
}

#[expect(
    clippy::disallowed_methods,
    reason = "times shown to a person are read where the person waits"
)]
fn now() -> Instant {
    Instant::now()
}
