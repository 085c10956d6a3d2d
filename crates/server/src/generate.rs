//! One path for every operation: a canonical request becomes canonical events.
//!
//! [`Generate`] is a generation under way, wherever it runs. [`Local`] is one on an engine in this process: prompt
//! tokens in, engine events out, turned into canonical events by the chat layer's decoders.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bedrock::canonical::{self, Event, ServiceTier, Usage};
use bedrock::error::{ErrorKind, Subject, WireError};
use chat::{Decoder, Flow, PromptTokens};
use engine::{Class, Constraint, EngineError, SamplingParams, Ticket};
use tokio::sync::mpsc::Receiver;

use crate::registry::Serving;
use crate::sink::sink;

/// Most tokens of an answer, all choices together, that are explained.
const EXPLAINED_TOKENS_MAX: usize = 1024;

/// A generation under way: yields `Started`, then events, then `Done`; or `Failed` at any point.
pub(crate) trait Generate: Send {
    /// The next step. Not called again after `Done` or `Failed`.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step>;
    /// Keeps what was computed and computes no more until [`resume`](Self::resume).
    fn pause(&mut self);
    /// Goes on after a pause.
    fn resume(&mut self);
    /// Ends it; nothing is read any more.
    fn cancel(&mut self);
}

/// What a generation tells.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The prompt is computed.
    Started(Started),
    /// More of the answer; never [`Event::Usage`].
    Event(Event),
    /// The answer is complete.
    Done(Usage),
    /// It ended with an error.
    Failed(WireError),
}

/// Known when the prompt is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Started {
    /// Prompt tokens found in the engine's prefix cache.
    pub(crate) cached_tokens: u64,
    /// The seed in use.
    pub(crate) seed: u64,
}

/// Known when a generation is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Name of the model that serves.
    pub(crate) model: String,
    /// Scope of its determinism.
    pub(crate) fingerprint: String,
    /// Tokens of the prompt.
    pub(crate) input_tokens: u64,
}

/// Limits that do not come from the request itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Most tokens that the model id asked for may generate.
    pub(crate) max_output: usize,
    /// Who shares it shares prefix blocks.
    pub(crate) cache_root: u64,
}

/// A generation on an engine in this process.
pub(crate) struct Local {
    serving: Arc<Serving>,
    events: Receiver<engine::Event>,
    ticket: Ticket,
    choices: Vec<Choice>,
    ready: VecDeque<Step>,
    scratch: Vec<Event>,
    input_tokens: u64,
}

struct Choice {
    decoder: Decoder,
    ended: bool,
}

/// A request's prompt.
///
/// # Errors
/// The chat layer's, as an answer for the client.
pub(crate) fn prompt_tokens(
    serving: &Serving,
    request: &canonical::Request,
) -> Result<PromptTokens, WireError> {
    serving.chat.prompt(request).map_err(|error| chat_error(&error))
}

/// What the answer must be; empty if it is free. Compiles schemas: only on a thread that may block.
///
/// # Errors
/// The chat layer's, as an answer for the client.
pub(crate) fn constraints(
    serving: &Serving,
    request: &canonical::Request,
) -> Result<Vec<Box<dyn Constraint>>, WireError> {
    serving.chat.constraints(request).map_err(|error| chat_error(&error))
}

impl Local {
    /// Hands the request to the engine.
    pub(crate) fn start(
        serving: Arc<Serving>,
        request: &canonical::Request,
        prompt: PromptTokens,
        constraints: Vec<Box<dyn Constraint>>,
        bounds: Bounds,
    ) -> Result<Self, WireError> {
        let PromptTokens { tokens: prompt, begins_inside } = prompt;
        let window = serving.handle.info().context_length;
        if prompt.len() >= window {
            return Err(too_long());
        }
        let input_tokens = prompt.len() as u64;
        let max_tokens = request.max_tokens.map_or(bounds.max_output, |asked| asked as usize);
        check_explain(request, max_tokens)?;
        let (sink, events) = sink();
        let submitted = engine::Request {
            cache_root: bounds.cache_root,
            prompt,
            sampling: sampling(&request.sampling, &serving.chat.forbidden_tokens(request)),
            max_tokens: max_tokens.max(1),
            stop_tokens: serving.chat.stop_tokens(),
            choices: request.choices.max(1),
            class: class(request.service_tier),
            // A budget of reasoning only where nothing else binds the answer: what is JSON has no reasoning.
            constraints: if constraints.is_empty() {
                (0..request.choices.max(1))
                    .filter_map(|_| serving.chat.reasoning_limit(request))
                    .collect()
            } else {
                constraints
            },
        };
        let choices = (0..submitted.choices)
            .map(|choice| serving.chat.decoder(request, begins_inside, choice))
            .map(|decoder| Choice { decoder, ended: false })
            .collect();
        let ticket = serving
            .handle
            .submit(submitted, Box::new(sink))
            .map_err(|error| engine_error(&error))?;
        Ok(Self {
            serving,
            events,
            ticket,
            choices,
            ready: VecDeque::new(),
            scratch: Vec::new(),
            input_tokens,
        })
    }

    fn take(&mut self, event: engine::Event) {
        match event {
            engine::Event::Started { cached_tokens, seed } => {
                let started = Started { cached_tokens: cached_tokens as u64, seed };
                self.ready.push_back(Step::Started(started));
            }
            engine::Event::Token { choice, token, logprob } => {
                self.decode(choice, |decoder, out| decoder.push(token, logprob.as_deref(), out));
            }
            engine::Event::Finished { choice, reason } => {
                self.decode(choice, |decoder, out| {
                    decoder.finish(reason, out);
                    Flow::Stop
                });
            }
            engine::Event::Failed(error) => {
                if let EngineError::Model(cause) = &error {
                    tracing::error!(model = %self.serving.name, cause, "the model failed");
                }
                self.ready.push_back(Step::Failed(engine_error(&error)));
            }
        }
    }

    /// Lets a choice's decoder work, unless the choice ended before: after a stop string the engine may still send
    /// what it had computed.
    fn decode(&mut self, choice: u32, work: impl FnOnce(&mut Decoder, &mut Vec<Event>) -> Flow) {
        let Some(choice) = self.choices.get_mut(choice as usize).filter(|choice| !choice.ended)
        else {
            return;
        };
        choice.ended = work(&mut choice.decoder, &mut self.scratch) == Flow::Stop;
        self.ready.extend(self.scratch.drain(..).map(Step::Event));
        if self.choices.iter().all(|choice| choice.ended) {
            self.events.close();
            let output = self.choices.iter().map(|choice| choice.decoder.output_tokens()).sum();
            self.ready.push_back(Step::Done(Usage {
                input: self.input_tokens,
                output,
                ..Usage::default()
            }));
        }
    }
}

impl Generate for Local {
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Poll::Ready(step);
            }
            match ready!(self.events.poll_recv(cx)) {
                Some(event) => self.take(event),
                // The engine's thread ended without a word.
                None => return Poll::Ready(Step::Failed(engine_error(&EngineError::Stopped))),
            }
        }
    }

    fn pause(&mut self) {
        self.ticket.pause();
    }

    fn resume(&mut self) {
        self.ticket.resume();
    }

    fn cancel(&mut self) {
        self.events.close();
        self.ticket.cancel();
    }
}

/// The sampling parameters, each absent one at its neutral value: temperature 1, no filter, no penalty. Forbidden tokens
/// get the lowest bias there is, in place of whatever was asked for them.
fn sampling(asked: &canonical::Sampling, forbidden: &[engine::TokenId]) -> SamplingParams {
    let neutral = SamplingParams::default();
    let biases = asked.logit_bias.iter().filter(|(token, _)| !forbidden.contains(token)).copied();
    let bans = forbidden.iter().map(|token| (*token, f32::MIN));
    SamplingParams {
        temperature: asked.temperature.unwrap_or(neutral.temperature),
        top_k: asked.top_k.unwrap_or(neutral.top_k),
        top_p: asked.top_p.unwrap_or(neutral.top_p),
        min_p: asked.min_p.unwrap_or(neutral.min_p),
        presence_penalty: asked.presence_penalty.unwrap_or(neutral.presence_penalty),
        frequency_penalty: asked.frequency_penalty.unwrap_or(neutral.frequency_penalty),
        repetition_penalty: asked.repetition_penalty.unwrap_or(neutral.repetition_penalty),
        logit_bias: biases.chain(bans).collect(),
        seed: asked.seed,
        logprobs: asked.logprobs,
        explain: asked.explain,
    }
}

/// An explanation takes some kilobytes a token, all of which stay in memory until the answer is complete.
fn check_explain(request: &canonical::Request, max_tokens: usize) -> Result<(), WireError> {
    let tokens = max_tokens.saturating_mul(request.choices.max(1) as usize);
    if request.sampling.explain.is_none() || tokens <= EXPLAINED_TOKENS_MAX {
        return Ok(());
    }
    Err(WireError::validation(format!(
        "explain: at most {EXPLAINED_TOKENS_MAX} tokens can be explained, and this request may generate {tokens}. Ask \
         for fewer tokens."
    )))
}

fn class(tier: ServiceTier) -> Class {
    match tier {
        ServiceTier::Reserved => Class::Reserved,
        ServiceTier::Priority => Class::Priority,
        ServiceTier::Default => Class::Default,
        ServiceTier::Flex => Class::Flex,
    }
}

fn too_long() -> WireError {
    WireError::validation("Input is too long for requested model.").about(Subject::ContextLength)
}

/// What a client is told about an error of the engine.
fn engine_error(error: &EngineError) -> WireError {
    match error {
        EngineError::Overloaded | EngineError::Stopped => WireError::unavailable(),
        EngineError::PromptTooLong { .. } => too_long(),
        EngineError::CacheTooSmall { needed, available } => WireError::validation(format!(
            "Input is too long for requested model: the server's KV cache has {available} blocks, this request needs \
             {needed}."
        ))
        .about(Subject::ContextLength),
        EngineError::Invalid(what) => {
            WireError::validation(format!("The request is invalid: {what}."))
        }
        EngineError::Stalled => {
            WireError::model_stream_error("The client did not read the stream for too long.")
        }
        EngineError::Model(_) => WireError::new(
            ErrorKind::ModelError,
            "The model failed while it processed the request.",
        ),
    }
}

fn chat_error(error: &chat::ChatError) -> WireError {
    WireError::validation(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bias_of_a_caller_lets_a_forbidden_token_through() {
        let logit_bias = vec![(7, 100.0), (8, 1.0)];
        let asked = canonical::Sampling { logit_bias, ..canonical::Sampling::default() };
        assert_eq!(sampling(&asked, &[7, 9]).logit_bias, [(8, 1.0), (7, f32::MIN), (9, f32::MIN)]);
        assert_eq!(sampling(&asked, &[]).logit_bias, asked.logit_bias);
    }
}
