//! `outcrop serve`: starts the server, says what it is, and ends on SIGINT or SIGTERM.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use anyhow::Context as _;
use server::{ModelSource, Running};
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;

use crate::config::Config;
use crate::{cli, config, loading, out};

/// A well-known id for the examples.
const EXAMPLE_MODEL: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// Libraries that read documents and log what they find in them.
const QUIET: [&str; 2] = ["lopdf=off", "calamine=off"];

pub(crate) fn run(args: &cli::Serve) -> anyhow::Result<()> {
    let config = config::load(args)?;
    start_log(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(config, args.examples))
}

fn start_log(filter: &str) -> anyhow::Result<()> {
    let mut filter =
        EnvFilter::try_new(filter).with_context(|| format!("log: {filter:?} is no filter"))?;
    for quiet in QUIET {
        filter = filter.add_directive(quiet.parse()?);
    }
    hide_documents();
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(std::io::stderr)
        .init();
    Ok(())
}

/// A panic in a reader of documents is an answer to its client, and its message may quote the document.
fn hide_documents() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !chat::is_reading_document() {
            report(panic);
        }
    }));
}

async fn serve(config: Config, examples: bool) -> anyhow::Result<()> {
    let signals = signals()?;
    let source = config.server.default_model.clone();
    let running = server::start(config.server, loading::loader(config.threads)).await?;
    // The built-in model is there at once. A file may take long, and until then the server should answer /health.
    let name = match &source {
        ModelSource::BuiltIn => Some(running.load_default().await?),
        ModelSource::File(_) => None,
    };
    say(&introduction(&running, &source, name.as_deref()));
    if examples {
        say(&three_calls(&running));
    }
    let (mut second, mut first) = signals;
    let serving = Box::pin(running.serve(async move {
        first.recv().await;
    }));
    tokio::select! {
        ended = serving => Ok(ended?),
        _ = second.recv() => anyhow::bail!("ended by a second signal; streams that ran were cut"),
    }
}

/// The second signal, and the first one, each as a channel.
fn signals() -> anyhow::Result<(mpsc::Receiver<()>, mpsc::Receiver<()>)> {
    let (first, first_received) = mpsc::channel(1);
    let (second, second_received) = mpsc::channel(1);
    let mut stop = stop_signals()?;
    tokio::spawn(async move {
        stop.recv().await;
        say("stopping: what runs may end; a second signal cuts it");
        let _ = first.send(()).await;
        stop.recv().await;
        let _ = second.send(()).await;
    });
    Ok((second_received, first_received))
}

/// SIGINT and SIGTERM as one stream.
fn stop_signals() -> anyhow::Result<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel(2);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let mut signal = signal(kind)?;
            let sender = sender.clone();
            tokio::spawn(async move {
                while signal.recv().await.is_some() {
                    let _ = sender.send(()).await;
                }
            });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            let _ = sender.send(()).await;
        }
    });
    Ok(receiver)
}

/// A server goes on when nobody reads what it says.
fn say(text: &str) {
    let _ = out::line(text.trim_end());
}

fn introduction(running: &Running, source: &ModelSource, name: Option<&str>) -> String {
    let mut text = format!("outcrop {}\n", env!("CARGO_PKG_VERSION"));
    let model = match name {
        Some(name) => format!("{name} ({source})"),
        None => format!("{source}, now being loaded,"),
    };
    let _ = writeln!(
        text,
        "{model} answers for {} well-known text model ids: each is an alias of it, and the response header \
         x-outcrop-model says so.",
        running.aliases()
    );
    if running.is_open() {
        text.push_str(
            "There are no keys: this server, on loopback, accepts any credentials (but no web pages). \
             To verify them: outcrop keys add\n",
        );
    }
    if let Some(file) = running.ca_file() {
        let _ = writeln!(
            text,
            "Clients must trust its certificate: export AWS_CA_BUNDLE={}",
            file.display()
        );
    }
    let _ = writeln!(text, "listening on {}", running.url());
    text
}

/// Calls to paste into another terminal: boto3, the AWS command line, curl.
fn three_calls(running: &Running) -> String {
    let url = running.url();
    let trust = running
        .ca_file()
        .map_or(String::new(), |file| format!("export AWS_CA_BUNDLE={}\n", file.display()));
    let cacert =
        running.ca_file().map_or(String::new(), |file| format!("--cacert {} ", file.display()));
    let credentials = if running.is_open() {
        "export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n"
    } else {
        "# with the key that `outcrop keys add` showed in the environment\n"
    };
    format!(
        r#"
Three calls to paste into another terminal:

# boto3, streamed (pip install boto3)
{trust}{credentials}python3 - <<'PY'
import boto3
bedrock = boto3.client("bedrock-runtime", endpoint_url="{url}", region_name="us-east-1")
stream = bedrock.converse_stream(modelId="{EXAMPLE_MODEL}",
    messages=[{{"role": "user", "content": [{{"text": "Tell me a short story about a fox."}}]}}])
for event in stream["stream"]:
    print(event.get("contentBlockDelta", {{}}).get("delta", {{}}).get("text", ""), end="", flush=True)
print()
PY

# AWS command line
aws bedrock-runtime converse --endpoint-url {url} --region us-east-1 --model-id {EXAMPLE_MODEL} \
  --messages '[{{"role":"user","content":[{{"text":"What can you do?"}}]}}]' --inference-config maxTokens=100,temperature=0.2

# curl
curl -s {cacert}{url}/model/{EXAMPLE_MODEL}/converse -H "Authorization: Bearer ${{AWS_BEARER_TOKEN_BEDROCK:-any}}" \
  -d '{{"messages":[{{"role":"user","content":[{{"text":"What does temperature do?"}}]}}]}}'
"#
    )
}
