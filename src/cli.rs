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
  echo 'Tell me a story about a fox.' | outcrop chat

Inside, /help lists the commands: /set temperature 0.2, /system TEXT, /reset, /quit.")]
pub(crate) struct Chat {
    #[command(flatten)]
    pub(crate) place: Place,
    /// GGUF file to talk with, in place of the configured or built-in model
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// System prompt
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
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
