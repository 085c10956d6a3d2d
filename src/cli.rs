//! The command line as data: commands, options, their help with examples. Nothing here can fail or look around.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The Amazon Bedrock inference runtime that you run yourself.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer the AWS SDKs: start the server
    Serve(Serve),
    /// Talk with a model in the terminal, no server needed
    Chat(Chat),
    /// Try sampling parameters together: a grid of them, several seeds each, measured and compared
    Tune(Tune),
    /// List the model ids that are known, and what answers for each
    Models(Models),
    /// Make, list and revoke the keys that callers sign with
    Keys(Keys),
    /// Show the resolved configuration and this machine, what is wrong, and how to mend it
    Doctor(Doctor),
}

const EXIT_CODES: &str = "\
Exit codes: 0 success; 1 failure; 2 wrong arguments; 64 wrong configuration (every mistake is named).
Environment: OUTCROP_CONFIG, OUTCROP_DATA_DIR, OUTCROP_LISTEN, OUTCROP_LOG; an option wins over its variable, a
variable over the file.";

/// Where settings and state live.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Place {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of keys and certificates [default: ~/.local/share/outcrop]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "\
Examples:
  outcrop serve
  outcrop serve --model ~/models/qwen3-0.6b-q8_0.gguf
  outcrop serve --tls
  outcrop serve --config outcrop.toml --data-dir /var/lib/outcrop --listen 0.0.0.0:4646")]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:4646]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// GGUF file of the default model, in place of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Speak TLS, with a certificate of a local authority made on first use
    #[arg(long)]
    pub(crate) tls: bool,
    /// Speak TLS with this certificate chain (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Show three calls to paste once the server listens
    #[arg(long)]
    pub(crate) examples: bool,
}

#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "\
Examples:
  outcrop chat
  outcrop chat --model ~/models/qwen3-0.6b-q8_0.gguf --system 'Answer in one sentence.'
  outcrop chat --preset creative
  echo 'Tell me a story about a fox.' | outcrop chat

Inside, /help lists the commands: /set temperature 0.2, /explain on, /system TEXT, /reset, /quit.")]
pub(crate) struct Chat {
    #[command(flatten)]
    pub(crate) place: Place,
    /// GGUF file to talk with, in place of the configured or built-in model
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// System prompt
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Sampling parameters for a purpose: extraction, classification, code, creative
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
}

#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "\
Examples:
  outcrop tune 'Tell me a short story about a fox.' --temperature 0,0.3,0.7,1 --top-p 0.5,0.9,1 --html tune.html
  outcrop tune 'Name a colour.' --preset creative --min-p 0,0.05,0.2 --seeds 8 --max-tokens 16
  outcrop tune 'Extract the name as JSON: I am Ada.' --schema name.json --temperature 0,1
  outcrop tune 'Once upon a time' --temperature 1 --top-k 40 --seeds 1 --explain=3

What is measured, and how: docs/tune.md. The same command gives the same table.")]
pub(crate) struct Tune {
    #[command(flatten)]
    pub(crate) place: Place,
    /// What to ask
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: String,
    /// GGUF file to ask, in place of the configured or built-in model
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// System prompt
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Values that the lists below start from: extraction, classification, code, creative
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    #[command(flatten)]
    pub(crate) axes: Axes,
    /// Answers of each combination, with the seeds 1, 2, 3 and so on
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    pub(crate) seeds: usize,
    /// Most tokens of an answer [default: 128, or the preset's]
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_tokens: Option<usize>,
    /// JSON Schema that answers are checked against
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// Write a page with heat maps, distributions and answers
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Show what every step of the sampler left for the first tokens of the first answer
    #[arg(long, value_name = "TOKENS", num_args = 0..=1, require_equals = true, default_missing_value = "4")]
    pub(crate) explain: Option<usize>,
}

/// Lists of values; every combination of them is tried.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Axes {
    /// Temperatures
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) temperature: Vec<String>,
    /// Values of top_p
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) top_p: Vec<String>,
    /// Values of top_k
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) top_k: Vec<String>,
    /// Values of min_p
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) min_p: Vec<String>,
    /// Values of repetition_penalty
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) repetition_penalty: Vec<String>,
}

#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "\
Examples:
  outcrop models
  outcrop models | grep anthropic
  outcrop models --config outcrop.toml")]
pub(crate) struct Models {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  outcrop keys add --name laptop
  outcrop keys add --name ci --account 123456789012 --rights invoke --api-key
  outcrop keys ls
  outcrop keys revoke AKIA...")]
pub(crate) struct Keys {
    #[command(subcommand)]
    pub(crate) action: KeyAction,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Make a key; its secret is shown this once
    Add(AddKey),
    /// List keys, without their secrets
    Ls {
        #[command(flatten)]
        place: Place,
    },
    /// Take a key away; requests signed with it are refused from then on
    Revoke {
        /// The key's id, as `outcrop keys ls` shows it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args, Clone, Debug)]
pub(crate) struct AddKey {
    #[command(flatten)]
    pub(crate) place: Place,
    /// What you call it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) name: String,
    /// The account it belongs to, 12 digits
    #[arg(long, value_name = "ACCOUNT", default_value = "000000000000")]
    pub(crate) account: String,
    /// What it may do: any of invoke, control, objects, admin
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "invoke,control")]
    pub(crate) rights: Vec<String>,
    /// Make an API key (sent as a bearer token) instead of an access key pair
    #[arg(long)]
    pub(crate) api_key: bool,
}

#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "\
Examples:
  outcrop doctor
  outcrop doctor --config outcrop.toml")]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        for command in Cli::command().get_subcommands().filter(|c| c.get_name() != "help") {
            let help = command.clone().render_help().to_string();
            assert!(help.contains("Examples:"), "{help}");
        }
    }
}
