//! Measures the built binary: start to first token, tokens per second of 1 and of 16 streams with the gaps between
//! events, latency that the server adds to the engine, what forced tokens gain, memory. `cargo run --release --example bench -- WHAT`.
//!
//! Every figure is of real requests against a real server process over loopback. The client is a few lines on a socket,
//! so that what is measured is the server and not a client.
#![expect(clippy::print_stdout, reason = "a command-line tool")]
#![expect(clippy::disallowed_methods, reason = "it measures time and reads its own environment")]

mod client;
mod forced;
mod inside;
mod latency;
mod process;
mod streams;

use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: bench first-token | streams N | latency | forced | memory | all";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["first-token"] => first_token(),
        ["streams", count] => streams::measure(count.parse()?),
        ["latency"] => latency::measure(),
        ["forced"] => forced::measure(),
        ["memory"] => memory(),
        ["all"] => {
            first_token()?;
            streams::measure(1)?;
            streams::measure(16)?;
            latency::measure()?;
            forced::measure()?;
            memory()
        }
        _ => Err(USAGE.into()),
    }
}

/// From the start of the process to the first text of a streamed answer.
fn first_token() -> Result<(), Failure> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let server = process::Server::start()?;
        let mut stream =
            client::Stream::open(server.address(), &client::converse("Hello.", 4, None))?;
        stream.next_text()?.ok_or("no text")?;
        times.push(started.elapsed());
    }
    println!("start to first token: {}", spread(&mut times));
    Ok(())
}

/// Resident memory after the start, and after 16 streams of 200 tokens.
fn memory() -> Result<(), Failure> {
    let server = process::Server::start()?;
    let started = server.resident_mib()?;
    streams::run(server.address(), 16)?;
    println!(
        "resident memory: {started} MiB after the start, {} MiB after 16 streams of 200 tokens",
        server.resident_mib()?
    );
    Ok(())
}

/// Median, least and most.
fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let ms = |at: usize| times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
    let last = times.len().saturating_sub(1);
    format!("{:.2} ms median ({:.2} to {:.2}, {} runs)", ms(last / 2), ms(0), ms(last), times.len())
}
