//! The built-in model on an engine of this process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bedrock::canonical::Request;
use chat::ChatModel;
use engine::{Constraint, Handle, SamplingParams, TokenId};

use crate::Failure;

pub(crate) struct InProcess {
    pub(crate) handle: Handle,
    pub(crate) chat: ChatModel,
}

/// What is asked besides the prompt.
pub(crate) struct Wanted {
    pub(crate) seed: u64,
    pub(crate) max_tokens: usize,
    pub(crate) constraints: Vec<Box<dyn Constraint>>,
}

impl InProcess {
    pub(crate) fn start() -> Result<Self, Failure> {
        let threads = std::thread::available_parallelism()?.get();
        let options = models::LoadOptions::new(Arc::new(models::Pool::new(threads)));
        let loaded = models::load_bytes(models::PEBBLE, &options)?;
        let chat = ChatModel::new(loaded.tokenizer, loaded.chat_template.as_deref())?;
        let handle = engine::Engine::spawn(Box::new(loaded.model), engine::Config::default())?;
        Ok(Self { handle, chat })
    }

    pub(crate) fn prompt(&self, request: &Request) -> Result<Vec<TokenId>, Failure> {
        Ok(self.chat.prompt(request)?.tokens)
    }

    /// The answer's tokens, and the time from those of the prompt to the last of them.
    pub(crate) fn answer(
        &self,
        prompt: &[TokenId],
        wanted: Wanted,
    ) -> Result<(Vec<TokenId>, Duration), Failure> {
        let (sink, events) = engine::channel_sink(wanted.max_tokens + 2);
        let request = engine::Request {
            cache_root: 0,
            prompt: prompt.to_vec(),
            sampling: SamplingParams { seed: Some(wanted.seed), ..SamplingParams::default() },
            max_tokens: wanted.max_tokens,
            stop_tokens: self.chat.stop_tokens(),
            choices: 1,
            class: engine::Class::Default,
            constraints: wanted.constraints,
        };
        let started = Instant::now();
        let _ticket = self.handle.submit(request, Box::new(sink))?;
        let mut tokens = Vec::new();
        for event in events {
            match event {
                engine::Event::Started { .. } => {}
                engine::Event::Token { token, .. } => tokens.push(token),
                engine::Event::Finished { .. } => break,
                engine::Event::Failed(error) => return Err(error.into()),
            }
        }
        Ok((tokens, started.elapsed()))
    }
}
