//! `outcrop`: wires the crates together. The only place that reads arguments, environment and configuration files.

mod cli;
mod cmd;
mod config;
mod explain;
mod loading;
mod local;
mod machine;
mod out;
mod presets;
mod settings;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};

/// Exit code of a wrong configuration (`EX_USAGE` of sysexits.h). Wrong arguments are clap's 2, other failures 1.
const WRONG_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(args) => cmd::serve::run(&args),
        Command::Chat(args) => cmd::chat::run(&args),
        Command::Tune(args) => cmd::tune::run(&args),
        Command::Models(args) => cmd::models::run(&args),
        Command::Keys(args) => cmd::keys::run(args.action),
        Command::Doctor(args) => cmd::doctor::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if out::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("outcrop: {}", out::describe(&error));
            let wrong_configuration = error.downcast_ref::<config::Mistakes>().is_some();
            ExitCode::from(if wrong_configuration { WRONG_CONFIGURATION } else { 1 })
        }
    }
}
