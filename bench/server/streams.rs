//! Tokens per second of streams side by side, and the gaps between their events.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::client::{Stream, converse};
use crate::process::Server;

/// Tokens of each answer.
const TOKENS: u32 = 200;
const REPEATS: usize = 5;

/// What a set of streams took.
pub(crate) struct Run {
    tokens: u64,
    wall: Duration,
    first: Vec<Duration>,
    gaps: Vec<Duration>,
}

pub(crate) fn measure(count: usize) -> Result<(), Failure> {
    let server = Server::start()?;
    run(server.address(), count)?;
    let mut rates = Vec::new();
    let (mut first, mut gaps) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let run = run(server.address(), count)?;
        rates.push(tokens_per_second(&run)?);
        first.extend(run.first);
        gaps.extend(run.gaps);
    }
    rates.sort_by(f64::total_cmp);
    gaps.sort_unstable();
    let gap = |share: usize| {
        gaps.get((gaps.len() - 1) * share / 1000).map_or(f64::NAN, |g| g.as_secs_f64() * 1e3)
    };
    println!(
        "{count} stream(s) of {TOKENS} tokens: {:.0} tokens/s together (median of {REPEATS}, {:.0} to {:.0})",
        rates[REPEATS / 2],
        rates[0],
        rates[REPEATS - 1]
    );
    println!("  first token: {}", crate::spread(&mut first));
    println!(
        "  gap between events: {:.2} ms median, {:.2} ms p99, {:.2} ms longest ({:.1} times the median)",
        gap(500),
        gap(990),
        gap(1000),
        gap(1000) / gap(500)
    );
    let long = gaps.iter().filter(|each| each.as_secs_f64() * 1e3 > 5.0 * gap(500)).count();
    println!("  {long} of {} gaps are longer than 5 times the median", gaps.len());
    Ok(())
}

fn tokens_per_second(run: &Run) -> Result<f64, Failure> {
    Ok(f64::from(u32::try_from(run.tokens)?) / run.wall.as_secs_f64())
}

/// All streams at once, each on a thread and a connection of its own.
pub(crate) fn run(address: SocketAddr, count: usize) -> Result<Run, Failure> {
    let started = Instant::now();
    let threads: Vec<_> =
        (0..count as u64).map(|seed| std::thread::spawn(move || one(address, seed))).collect();
    let mut run = Run { tokens: 0, wall: Duration::ZERO, first: Vec::new(), gaps: Vec::new() };
    for thread in threads {
        let (tokens, mut times) = thread.join().map_err(|_| "a stream's thread panicked")??;
        run.tokens += tokens;
        let first = times.first().copied().ok_or("a stream without text")?;
        run.first.push(first);
        run.gaps.extend(times.windows(2).map(|pair| pair[1] - pair[0]));
        times.clear();
    }
    run.wall = started.elapsed();
    Ok(run)
}

/// One stream: its tokens, and when each event came after its start.
fn one(address: SocketAddr, seed: u64) -> Result<(u64, Vec<Duration>), Failure> {
    let started = Instant::now();
    let text = format!("Tell me story number {seed}.");
    let mut stream = Stream::open(address, &converse(&text, TOKENS, Some(seed)))?;
    let mut times = Vec::new();
    while stream.next_text()?.is_some() {
        times.push(started.elapsed());
    }
    if stream.output_tokens != u64::from(TOKENS) {
        return Err(format!("{} tokens came, not {TOKENS}", stream.output_tokens).into());
    }
    Ok((stream.output_tokens, times))
}
