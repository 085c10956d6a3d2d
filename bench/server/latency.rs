//! What the server adds to the engine: the same one-token request to an engine in this process and to the server, in
//! turn. Prompt and model are the same and both find the prompt in their prefix cache, so that the difference is HTTP,
//! authentication, JSON, template, tokenizer and the hand-over between threads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bedrock::canonical::Request;
use engine::Handle;

use crate::Failure;
use crate::client::{Connection, converse};
use crate::process::Server;

const PAIRS: usize = 500;
const WARM_UP: usize = 50;

pub(crate) fn measure() -> Result<(), Failure> {
    let body = converse("What can you do?", 1, Some(1));
    let request =
        bedrock::converse::parse_request(body.to_string().as_bytes()).map_err(|e| e.to_string())?;
    let engine = InProcess::start(&request)?;
    let server = Server::start()?;
    let mut connection = Connection::open(server.address())?;
    let (mut inside, mut through) = (Vec::new(), Vec::new());
    for pair in 0..WARM_UP + PAIRS {
        let direct = engine.once()?;
        let started = Instant::now();
        connection.converse(&body)?;
        if pair >= WARM_UP {
            through.push(started.elapsed());
            inside.push(direct);
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    };
    let (direct, served) = (median(&mut inside), median(&mut through));
    println!(
        "added latency: {:.3} ms a request (median of {PAIRS}: {served:.3} ms through the server, {direct:.3} ms in the engine)",
        served - direct
    );
    Ok(())
}

/// The same model on an engine of this process.
struct InProcess {
    handle: Handle,
    prompt: Vec<engine::TokenId>,
}

impl InProcess {
    fn start(request: &Request) -> Result<Self, Failure> {
        let threads = std::thread::available_parallelism()?.get();
        let options = models::LoadOptions::new(Arc::new(models::Pool::new(threads)));
        let loaded = models::load_bytes(models::PEBBLE, &options)?;
        let chat = chat::ChatModel::new(loaded.tokenizer, loaded.chat_template.as_deref())?;
        let prompt = chat.prompt(request)?.tokens;
        let handle = engine::Engine::spawn(Box::new(loaded.model), engine::Config::default())?;
        Ok(Self { handle, prompt })
    }

    /// From the tokens of the prompt to the one token of the answer.
    fn once(&self) -> Result<Duration, Failure> {
        let (sink, events) = engine::channel_sink(8);
        let request = engine::Request {
            cache_root: 0,
            prompt: self.prompt.clone(),
            sampling: engine::SamplingParams { seed: Some(1), ..engine::SamplingParams::default() },
            max_tokens: 1,
            stop_tokens: Vec::new(),
            choices: 1,
            class: engine::Class::Default,
            constraints: Vec::new(),
        };
        let started = Instant::now();
        let _ticket = self.handle.submit(request, Box::new(sink))?;
        for event in events {
            match event {
                engine::Event::Finished { .. } => break,
                engine::Event::Failed(error) => return Err(error.into()),
                engine::Event::Started { .. } | engine::Event::Token { .. } => {}
            }
        }
        Ok(started.elapsed())
    }
}
