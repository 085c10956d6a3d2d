//! A model with an engine in this process, and generations on it: what `chat` and `tune` share.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bedrock::canonical::{Block, Event, Message, Prompt, Request, Role, Turns};
use chat::{ChatModel, Decoder, Flow, PromptTokens};
use engine::{EventReceiver, Handle, SamplingParams, Ticket};
use server::{LoadedParts, ModelSource};

use crate::cli::{Place, Serve};
use crate::{config, loading};

/// Least memory for the KV cache.
const KV_BYTES_MIN: usize = 1 << 20;

/// A model and what talks with it.
pub(crate) struct Local {
    chat: ChatModel,
    handle: Handle,
}

/// What is asked of it besides the conversation.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) sampling: SamplingParams,
    /// Tokens, at least 1.
    pub(crate) max_tokens: usize,
    /// Events that may wait for their reader before the engine pauses.
    pub(crate) sink_capacity: usize,
}

impl Local {
    /// Loads `model`, or the configured one, with a KV cache for `windows` of its whole windows, or as much of it as is
    /// allowed. Tells where the model came from, too.
    ///
    /// # Errors
    /// A configuration or a model that cannot be used; too little memory.
    pub(crate) fn load(
        place: &Place,
        model: Option<&PathBuf>,
        windows: usize,
    ) -> anyhow::Result<(Self, ModelSource)> {
        let serve = Serve { place: place.clone(), model: model.cloned(), ..Serve::default() };
        let config = config::load(&serve)?;
        let source = config.server.default_model.clone();
        let parts = loading::loader(config.threads)(&source)
            .map_err(|reason| anyhow::anyhow!("cannot load {source}: {reason}"))?;
        Ok((Self::start(parts, &config.server, windows)?, source))
    }

    fn start(parts: LoadedParts, config: &server::Config, windows: usize) -> anyhow::Result<Self> {
        let chat = ChatModel::new(parts.tokenizer, parts.chat_template.as_deref())
            .context("the model's chat template cannot be used")?;
        let info = parts.model.info();
        let window = info.context_length.saturating_mul(info.kv_bytes_per_token);
        let wanted = window.saturating_mul(windows).max(KV_BYTES_MIN);
        let kv_budget_bytes = config.memory.kv_bytes_per_model.min(wanted);
        let config = engine::Config { kv_budget_bytes, ..config.engine.clone() };
        let handle =
            engine::Engine::spawn(parts.model, config).context("the engine cannot start")?;
        Ok(Self { chat, handle })
    }

    /// The model's name for people.
    pub(crate) fn name(&self) -> &str {
        &self.handle.info().name
    }

    /// The scope in which a seed reproduces.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.handle.info().fingerprint
    }

    /// Hands a request to the engine.
    ///
    /// # Errors
    /// Those of prompt and engine.
    pub(crate) fn submit(&self, request: &Request, wanted: Wanted) -> anyhow::Result<Generation> {
        let PromptTokens { tokens: prompt, begins_inside } = self.chat.prompt(request)?;
        let input = prompt.len();
        let started = now();
        let (sink, events) = engine::channel_sink(wanted.sink_capacity);
        let mut sampling = wanted.sampling;
        let forbidden = self.chat.forbidden_tokens(request);
        sampling.logit_bias.extend(forbidden.into_iter().map(|token| (token, f32::MIN)));
        let submitted = engine::Request {
            cache_root: 0,
            prompt,
            sampling,
            max_tokens: wanted.max_tokens,
            stop_tokens: self.chat.stop_tokens(),
            choices: 1,
            class: engine::Class::Default,
            constraints: Vec::new(),
        };
        let ticket = self.handle.submit(submitted, Box::new(sink))?;
        let decoder = self.chat.decoder(request, begins_inside, 0);
        Ok(Generation { decoder, events, _ticket: ticket, input, started })
    }
}

/// A generation under way.
pub(crate) struct Generation {
    decoder: Decoder,
    events: EventReceiver,
    _ticket: Ticket,
    input: usize,
    started: Instant,
}

/// What a generation took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) input: usize,
    pub(crate) cached: usize,
    pub(crate) output: u64,
    pub(crate) seed: u64,
    pub(crate) first_token: Duration,
    pub(crate) total: Duration,
}

impl Generation {
    /// Reads it to its end; `take` gets each event of the answer.
    ///
    /// # Errors
    /// Those of the engine and of `take`.
    pub(crate) fn read(
        mut self,
        mut take: impl FnMut(Event) -> io::Result<()>,
    ) -> anyhow::Result<Ended> {
        let mut decoded = Vec::new();
        let (mut cached, mut drawn, mut first_token) = (0, 0, None);
        loop {
            let flow = match self.events.recv().context("the engine has stopped")? {
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
            decoded.drain(..).try_for_each(&mut take)?;
            if flow == Flow::Stop {
                break;
            }
        }
        let total = self.started.elapsed();
        Ok(Ended {
            input: self.input,
            cached,
            output: self.decoder.output_tokens(),
            seed: drawn,
            first_token: first_token.unwrap_or(total),
            total,
        })
    }
}

/// A conversation as a request; a blank system prompt is none.
pub(crate) fn conversation(system: Option<&str>, messages: Vec<Message>) -> Request {
    let system = system.filter(|text| !text.trim().is_empty()).map(str::to_owned);
    Request::new(Prompt::Turns(Turns { system: system.into_iter().collect(), messages }))
}

/// A turn of plain text.
pub(crate) fn message(role: Role, text: &str) -> Message {
    Message { role, content: vec![Block::Text(text.to_owned())] }
}

#[expect(
    clippy::disallowed_methods,
    reason = "times shown to a person are read where the person waits"
)]
fn now() -> Instant {
    Instant::now()
}
