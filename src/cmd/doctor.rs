//! `outcrop doctor`: the resolved configuration, this machine, what is wrong and how to mend it.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};

use server::ModelSource;
use server::keys::KeyStore;

use crate::config::Config;
use crate::machine::{self, show_bytes};
use crate::{cli, config, loading, out};

pub(crate) fn run(args: &cli::Doctor) -> anyhow::Result<()> {
    let config = config::load_place(&args.place)?;
    let mut out = out::stdout();
    show_configuration(&mut out, &config)?;
    show_machine(&mut out)?;
    let problems = examine(&mut out, &config)?;
    writeln!(out)?;
    for problem in &problems {
        writeln!(out, "PROBLEM  {}\n         {}", problem.what, problem.mend)?;
    }
    if problems.is_empty() {
        writeln!(out, "Nothing is wrong.")?;
    }
    out.flush()?;
    anyhow::ensure!(problems.is_empty(), "{} found", count(problems.len(), "problem"));
    Ok(())
}

struct Problem {
    what: String,
    mend: String,
}

fn show_configuration(out: &mut impl Write, config: &Config) -> anyhow::Result<()> {
    let server = &config.server;
    let file = config.file.as_ref().map_or("none".to_owned(), |file| file.display().to_string());
    let budget = server.memory.budget_bytes.map_or("none".to_owned(), show_bytes);
    writeln!(out, "Configuration")?;
    writeln!(out, "  file             {file}")?;
    writeln!(out, "  listen           {}", server.listen)?;
    writeln!(out, "  tls              {}", show_tls(server.tls.as_ref()))?;
    writeln!(out, "  data folder      {}", server.data_dir.display())?;
    writeln!(out, "  default model    {}", server.default_model)?;
    for (id, source) in &server.models {
        writeln!(out, "  model            {id} = {source}")?;
    }
    writeln!(out, "  default Region   {}", server.default_region)?;
    writeln!(out, "  threads          {}", config.threads)?;
    writeln!(out, "  memory budget    {budget}")?;
    writeln!(out, "  KV per model     {}", show_bytes(server.memory.kv_bytes_per_model as u64))?;
    writeln!(
        out,
        "  queue            {} waiting, {} running",
        server.engine.max_queue, server.engine.max_running
    )?;
    writeln!(out, "  log              {}", config.log)?;
    Ok(())
}

fn show_tls(tls: Option<&server::Tls>) -> String {
    match tls {
        None => "off".to_owned(),
        Some(server::Tls::LocalCa) => "certificate of the local authority".to_owned(),
        Some(server::Tls::Files { cert, key }) => {
            format!("{} with {}", cert.display(), key.display())
        }
    }
}

fn show_machine(out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "\nMachine")?;
    writeln!(out, "  architecture     {} {}", std::env::consts::ARCH, std::env::consts::OS)?;
    let sets: Vec<_> = machine::instruction_sets()
        .into_iter()
        .map(|(name, there)| if there { name.to_owned() } else { format!("no {name}") })
        .collect();
    writeln!(
        out,
        "  instruction sets {}",
        if sets.is_empty() { "portable code only".into() } else { sets.join(", ") }
    )?;
    if let Some(memory) = machine::memory() {
        let (total, available) = (show_bytes(memory.total), show_bytes(memory.available));
        writeln!(out, "  memory           {total}, {available} available")?;
    }
    if let Some(limit) = machine::memory_limit() {
        writeln!(out, "  memory limit     {}", show_bytes(limit))?;
    }
    Ok(())
}

/// Tries what `serve` will need.
fn examine(out: &mut impl Write, config: &Config) -> anyhow::Result<Vec<Problem>> {
    writeln!(out, "\nChecks")?;
    let mut problems = Vec::new();
    let server = &config.server;
    match KeyStore::open(&server.data_dir).and_then(|store| store.list()) {
        Ok(keys) => {
            writeln!(out, "  keys             {}", keys.len())?;
            if keys.is_empty() && !server.listen.ip().is_loopback() {
                problems.push(Problem {
                    what: format!(
                        "there is no key, and {} can be reached from elsewhere",
                        server.listen
                    ),
                    mend: "make one with `outcrop keys add`, or listen on 127.0.0.1".to_owned(),
                });
            }
        }
        Err(error) => problems.push(Problem {
            what: format!("the data folder cannot be used: {error}"),
            mend: "give another with --data-dir, or mend its owner and mode".to_owned(),
        }),
    }
    match check_port(server.listen) {
        Ok(()) => writeln!(out, "  address          {} is free", server.listen)?,
        Err(error) => problems.push(Problem {
            what: format!("cannot listen on {}: {error}", server.listen),
            mend:
                "stop what listens there (another outcrop?), or choose another port with --listen"
                    .to_owned(),
        }),
    }
    check_models(out, config, &mut problems)?;
    Ok(problems)
}

fn check_port(address: SocketAddr) -> std::io::Result<()> {
    TcpListener::bind(address).map(drop)
}

/// Loads each model once, one after the other, and says what it needs.
fn check_models(
    out: &mut impl Write,
    config: &Config,
    problems: &mut Vec<Problem>,
) -> anyhow::Result<()> {
    let loader = loading::loader(config.threads);
    let mut sources: Vec<&ModelSource> = config.server.models.values().collect();
    sources.push(&config.server.default_model);
    sources.sort();
    sources.dedup();
    for source in sources {
        match loader(source) {
            Ok(parts) => {
                let info = parts.model.info();
                let kv = info.context_length.saturating_mul(info.kv_bytes_per_token) as u64;
                writeln!(
                    out,
                    "  model            {source}: {}, window {} tokens, {} of KV cache for one, {}",
                    info.name,
                    info.context_length,
                    show_bytes(kv),
                    info.fingerprint
                )?;
                if parts.chat_template.is_none() {
                    writeln!(
                        out,
                        "                   it has no chat template: turns are joined as plain text"
                    )?;
                }
            }
            Err(reason) => problems.push(Problem {
                what: format!("{source} cannot be loaded: {reason}"),
                mend: "name a GGUF file of a llama or qwen3 model in F32, F16, BF16, Q8_0 or Q4_0"
                    .to_owned(),
            }),
        }
    }
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
