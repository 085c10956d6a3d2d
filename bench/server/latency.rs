//! What the server adds to the engine: the same one-token request to an engine in this process and to the server, in
//! turn. Prompt and model are the same and both find the prompt in their prefix cache, so that the difference is HTTP,
//! authentication, JSON, template, tokenizer and the hand-over between threads.

use std::time::{Duration, Instant};

use crate::Failure;
use crate::client::{Connection, converse};
use crate::inside::{InProcess, Wanted};
use crate::process::Server;

const PAIRS: usize = 500;
const WARM_UP: usize = 50;

pub(crate) fn measure() -> Result<(), Failure> {
    let body = converse("What can you do?", 1, Some(1));
    let request =
        bedrock::converse::parse_request(body.to_string().as_bytes()).map_err(|e| e.to_string())?;
    let engine = InProcess::start()?;
    let prompt = engine.prompt(&request)?;
    let server = Server::start()?;
    let mut connection = Connection::open(server.address())?;
    let (mut inside, mut through) = (Vec::new(), Vec::new());
    for pair in 0..WARM_UP + PAIRS {
        let wanted = Wanted { seed: 1, max_tokens: 1, constraints: Vec::new() };
        let (_, direct) = engine.answer(&prompt, wanted)?;
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
