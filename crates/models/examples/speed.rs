//! Measures a GGUF file: prefill and decode, for several numbers of streams.
//!
//! `speed FILE [--threads N] [--prompt N] [--generate N] [--streams 1,4] [--repeat N] [--isa NAME] [--tokens a,b,c]`
//!
//! One line of JSON for each repetition: tokens per second of prefill and decode, by the clock and by the processor time
//! of the main thread (on a busy machine and with one thread, the second is the one to compare). With `--tokens` it
//! computes that prompt, continues it greedily and prints the tokens.
#![expect(clippy::print_stdout, reason = "a command-line tool")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use engine::{BLOCK_TOKENS, BlockId, Chunk, LogitsRows, Model, ModelError, TokenId};
use models::{CpuModel, Isa, LoadOptions, Pool, Source, load_model};

/// Tokens of a prefill chunk.
const CHUNK: usize = 512;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("usage: speed FILE [--option value]...")?;
    let mut options = HashMap::new();
    while let (Some(key), Some(value)) = (args.next(), args.next()) {
        options.insert(key.trim_start_matches("--").to_owned(), value);
    }
    let number = |key: &str, default: usize| options.get(key).map_or(Ok(default), |v| v.parse());
    let pool = Arc::new(Pool::new(number("threads", 2)?));
    let mut load = LoadOptions::new(pool);
    if let Some(name) = options.get("isa") {
        let isa = Isa::available().into_iter().find(|isa| isa.name() == name);
        load.isa = Some(isa.ok_or("no such instruction set here")?);
    }
    let started = Instant::now();
    let mut model = load_model(&Source::open(Path::new(&file))?, file.clone(), &load)?.model;
    let load_s = started.elapsed().as_secs_f64();
    println!(
        r#"{{"file": "{file}", "fingerprint": "{}", "load_s": {load_s:.2}}}"#,
        model.info().fingerprint
    );
    if let Some(tokens) = options.get("tokens") {
        let prompt = tokens.split(',').map(str::parse).collect::<Result<Vec<TokenId>, _>>()?;
        println!("{:?}", greedy(&mut model, &prompt, number("generate", 32)?)?);
        return Ok(());
    }
    let (prompt, generate) = (number("prompt", 512)?, number("generate", 128)?);
    for _ in 0..number("repeat", 1)? {
        for streams in options.get("streams").map_or("1", String::as_str).split(',') {
            measure(&mut model, streams.parse()?, prompt, generate)?;
        }
    }
    Ok(())
}

/// Seconds since some moment, by the clock and of this thread's processor time (0 where the system does not tell).
fn now(origin: Instant) -> [f64; 2] {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds: f64 = text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0.0);
    [origin.elapsed().as_secs_f64(), nanoseconds / 1e9]
}

/// Tokens per second by both clocks.
fn rates(tokens: usize, from: [f64; 2], to: [f64; 2]) -> [f64; 2] {
    [tokens as f64 / (to[0] - from[0]), tokens as f64 / (to[1] - from[1])]
}

/// Blocks of stream `n` if each has `per_stream`.
fn table(n: usize, per_stream: usize) -> Vec<BlockId> {
    (n * per_stream..(n + 1) * per_stream).map(|b| BlockId(b as u32)).collect()
}

fn greedy(
    model: &mut CpuModel,
    prompt: &[TokenId],
    generate: usize,
) -> Result<Vec<TokenId>, ModelError> {
    let blocks = table(0, (prompt.len() + generate).div_ceil(BLOCK_TOKENS));
    model.reserve_kv(blocks.len())?;
    let mut logits = Vec::new();
    let mut tokens = prompt.to_vec();
    let mut start = 0;
    while tokens.len() < prompt.len() + generate {
        let chunk = Chunk {
            tokens: &tokens[start..],
            start,
            block_table: &blocks,
            logits: LogitsRows::Last,
        };
        model.forward(&[chunk], &mut logits)?;
        start = tokens.len();
        tokens.push(largest(&logits));
    }
    Ok(tokens.split_off(prompt.len()))
}

fn largest(logits: &[f32]) -> TokenId {
    let mut best = 0;
    for (i, x) in logits.iter().enumerate() {
        if *x > logits[best] {
            best = i;
        }
    }
    best as TokenId
}

fn measure(
    model: &mut CpuModel,
    streams: usize,
    prompt: usize,
    generate: usize,
) -> Result<(), ModelError> {
    let vocab = model.info().vocab_size;
    let per_stream = (prompt + generate).div_ceil(BLOCK_TOKENS);
    model.reserve_kv(streams * per_stream)?;
    let tables: Vec<Vec<BlockId>> = (0..streams).map(|n| table(n, per_stream)).collect();
    let text: Vec<TokenId> = (0..prompt).map(|i| (i * 7919 % vocab) as TokenId).collect();
    let mut logits = Vec::new();
    let origin = Instant::now();
    let started = now(origin);
    for table in &tables {
        for start in (0..prompt).step_by(CHUNK) {
            let end = prompt.min(start + CHUNK);
            let rows = if end == prompt { LogitsRows::Last } else { LogitsRows::None };
            let chunk =
                Chunk { tokens: &text[start..end], start, block_table: table, logits: rows };
            model.forward(&[chunk], &mut logits)?;
        }
    }
    let [prefill, prefill_cpu] = rates(streams * prompt, started, now(origin));
    let mut next = vec![largest(&logits); streams];
    let started = now(origin);
    for step in 0..generate {
        let chunks: Vec<Chunk<'_>> = (0..streams)
            .map(|n| Chunk {
                tokens: &next[n..=n],
                start: prompt + step,
                block_table: &tables[n],
                logits: LogitsRows::Last,
            })
            .collect();
        model.forward(&chunks, &mut logits)?;
        for (token, row) in next.iter_mut().zip(logits.chunks(vocab)) {
            *token = largest(row);
        }
    }
    let [decode, decode_cpu] = rates(streams * generate, started, now(origin));
    print!(r#"{{"streams": {streams}, "prompt": {prompt}, "generate": {generate}, "#);
    print!(r#""prefill_tok_s": {prefill:.1}, "decode_tok_s": {decode:.1}, "#);
    println!(r#""prefill_tok_cpu_s": {prefill_cpu:.1}, "decode_tok_cpu_s": {decode_cpu:.1}}}"#);
    Ok(())
}
