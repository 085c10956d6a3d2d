//! `outcrop chat`: a conversation in the terminal with the engine in this process. Each line of input is a turn.

mod session;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::Context as _;
use server::ModelSource;

use crate::cli;
use crate::local::{Ended, Local};
use crate::{explain, out, presets};
use session::{Session, Totals};

const HELP: &str = "\
/set                 show all settings
/set NAME VALUE      change one, for example: /set temperature 0.2
/unset NAME          back to its default
/system TEXT         change the system prompt and begin anew; without TEXT there is none
/preset              show the presets
/preset NAME         set sampling parameters for a purpose
/explain on|off      keep, or stop keeping, why each token of an answer was drawn
/explain             number the tokens of the last answer
/explain NUMBER      show what every step of the sampler left for that token
/reset               forget the conversation
/help                this list
/quit                end (or end of input)";

pub(crate) fn run(args: &cli::Chat) -> anyhow::Result<()> {
    let preset =
        args.preset.as_deref().map(presets::find).transpose().map_err(anyhow::Error::msg)?;
    // One conversation needs one window.
    let (local, source) = Local::load(&args.place, args.model.as_ref(), 1)?;
    let mut session = Session::new(local, args.system.clone());
    if let Some(preset) = preset {
        session.settings.apply(preset).map_err(anyhow::Error::msg)?;
    }
    let terminal = io::stdin().is_terminal();
    if terminal {
        greet(&session, &source);
    }
    let mut lines = io::stdin().lock().lines();
    loop {
        if terminal {
            eprint!("> ");
            io::stderr().flush()?;
        }
        let Some(line) = lines.next() else { return Ok(()) };
        let line = line.context("cannot read the input")?;
        match line.trim() {
            "" => {}
            "/quit" | "/exit" => return Ok(()),
            command if command.starts_with('/') => obey(&mut session, command)?,
            text => answer(&mut session, text)?,
        }
    }
}

fn greet(session: &Session, source: &ModelSource) {
    eprintln!("Talking with {} ({source}). /help lists the commands.", session.model_name());
}

/// Does what a line that begins with `/` says.
fn obey(session: &mut Session, line: &str) -> io::Result<()> {
    let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    match command {
        "/help" => out::line(HELP),
        "/reset" => {
            session.reset();
            out::line("The conversation is forgotten.")
        }
        "/system" => {
            session.set_system(rest);
            out::line(if rest.is_empty() {
                "There is no system prompt."
            } else {
                "The system prompt is set."
            })
        }
        "/set" if rest.is_empty() => out::line(&session.settings.show()),
        "/set" => {
            let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            report(session.settings.set(name, value.trim()))
        }
        "/unset" => report(session.settings.unset(rest)),
        "/preset" if rest.is_empty() => out::line(&presets::list()),
        "/preset" => report(apply(session, rest)),
        "/explain" => out::line(&explain(session, rest)),
        _ => out::line(&format!("There is no command {command}; /help lists them.")),
    }
}

fn apply(session: &mut Session, name: &str) -> Result<String, String> {
    let preset = presets::find(name)?;
    session.settings.apply(preset)?;
    Ok(format!("{}: {}", preset.name, preset.why))
}

/// What `/explain` shows.
fn explain(session: &mut Session, what: &str) -> String {
    match what {
        "on" | "off" => {
            session.explains = what == "on";
            let answers = if session.explains { "are" } else { "are not" };
            return format!("Answers from now on {answers} explained.");
        }
        _ if session.explained().is_empty() => {
            return "The last answer was not explained; /explain on, then ask again.".to_owned();
        }
        "" => return explain::numbered(session.explained()),
        _ => {}
    }
    let tokens = session.explained();
    let number = what.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match number.and_then(|index| tokens.get(index)) {
        Some(token) => explain::table(token),
        None => format!("/explain takes on, off, or a token's number from 1 to {}.", tokens.len()),
    }
}

fn report(done: Result<String, String>) -> io::Result<()> {
    match done {
        Ok(text) => out::line(&text),
        Err(reason) => out::line(&format!("Not set: {reason}")),
    }
}

/// Takes a turn: shows the answer as it is generated, then what it took.
fn answer(session: &mut Session, text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let result = session.turn(text, |piece| {
        stdout.write_all(piece.as_bytes())?;
        stdout.flush()
    });
    match result {
        Ok(totals) => {
            writeln!(stdout)?;
            stdout.flush()?;
            eprintln!("{}", describe(&totals));
            Ok(())
        }
        Err(error) if out::is_closed_pipe(&error) => Err(error),
        Err(error) => {
            writeln!(stdout)?;
            stdout.flush()?;
            eprintln!("No answer: {}", out::describe(&error));
            Ok(())
        }
    }
}

fn describe(totals: &Totals) -> String {
    let Ended { input, cached, output, seed, first_token, .. } = totals.ended;
    let speed =
        totals.tokens_per_second().map_or(String::new(), |speed| format!(", {speed:.0} tokens/s"));
    let first = first_token.as_millis();
    let stop = totals.stop_reason;
    format!(
        "[{output} tokens{speed}, first after {first} ms; prompt {input} tokens, {cached} of them cached; {stop}; seed {seed}]"
    )
}
