//! What the engine itself costs per token: scheduling, sampling and events, without the model.
//!
//! `cargo run --release -p outcrop-engine --example overhead`
//!
//! The model copies a ready row of logits; the time it takes is measured and taken off.

#![expect(clippy::print_stdout, reason = "a report for people")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use engine::{
    BlockId, Chunk, Class, Config, Engine, Event, FakeModel, LogitsRows, Model, ModelError,
    ModelInfo, Request, SamplingParams, channel_sink,
};

/// Gives the same row of logits to everyone and measures its own time.
struct Ready {
    info: ModelInfo,
    row: Vec<f32>,
    nanos: Arc<AtomicU64>,
}

impl Model for Ready {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn reserve_kv(&mut self, _: usize) -> Result<(), ModelError> {
        Ok(())
    }

    fn copy_block(&mut self, _: BlockId, _: BlockId) {}

    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        let start = Instant::now();
        logits.clear();
        for _ in chunks.iter().filter(|chunk| chunk.logits == LogitsRows::Last) {
            logits.extend_from_slice(&self.row);
        }
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        Ok(())
    }
}

fn row(vocab_size: usize) -> Vec<f32> {
    FakeModel::new(vocab_size, 100).reference_logits(&[1, 2, 3])
}

fn cases() -> Vec<(&'static str, SamplingParams)> {
    let base = SamplingParams { seed: Some(1), ..SamplingParams::default() };
    vec![
        ("greedy", SamplingParams { temperature: 0.0, ..base.clone() }),
        ("temperature", base.clone()),
        ("top-p", SamplingParams { top_p: 0.9, temperature: 0.3, ..base.clone() }),
        ("top-p, flat", SamplingParams { top_p: 0.95, ..base.clone() }),
        ("top-k + top-p", SamplingParams { top_k: 50, top_p: 0.9, ..base.clone() }),
        (
            "penalties + min-p",
            SamplingParams { frequency_penalty: 0.2, min_p: 0.05, ..base.clone() },
        ),
        ("greedy + 5 logprobs", SamplingParams { temperature: 0.0, logprobs: Some(5), ..base }),
    ]
}

/// Microseconds per token with `streams` at once.
fn measure(vocab: usize, streams: u32, sampling: &SamplingParams) -> Result<f64, Box<dyn Error>> {
    let nanos = Arc::new(AtomicU64::new(0));
    let mut info = FakeModel::new(vocab, 100_000).info().clone();
    info.kv_bytes_per_token = 64;
    let model = Ready { info, row: row(vocab), nanos: Arc::clone(&nanos) };
    let handle = Engine::spawn(Box::new(model), Config::default())?;
    let max_tokens = if vocab > 50_000 { 300 } else { 2000 };
    let start = Instant::now();
    let mut receivers = Vec::new();
    for stream in 0..streams {
        let (sink, receiver) = channel_sink(max_tokens + 2);
        let request = Request {
            cache_root: 0,
            prompt: vec![stream, 1, 2],
            sampling: sampling.clone(),
            max_tokens,
            stop_tokens: Vec::new(),
            choices: 1,
            class: Class::Default,
            constraints: Vec::new(),
        };
        handle.submit(request, Box::new(sink))?;
        receivers.push(receiver);
    }
    let events = receivers.into_iter().flatten();
    let tokens = events.filter(|event| matches!(event, Event::Token { .. })).count();
    let own = start.elapsed().as_nanos() as f64 - nanos.load(Ordering::Relaxed) as f64;
    handle.shutdown();
    Ok(own / tokens as f64 / 1000.0)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("microseconds per token        1 stream   16 streams");
    for vocab in [4096, 32_000, 128_256] {
        for (name, sampling) in cases() {
            let (one, many) = (measure(vocab, 1, &sampling)?, measure(vocab, 16, &sampling)?);
            println!("{vocab:>7} {name:<20} {one:>10.1} {many:>12.1}");
        }
    }
    Ok(())
}
