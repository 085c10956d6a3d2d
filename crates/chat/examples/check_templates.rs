//! Renders simple conversations with real chat templates:
//! `cargo run --release -p outcrop-chat --example check_templates DIR`, DIR holding `*.jinja` files.
//!
//! One line is printed for each template: what it takes, or why it refuses. The exit code is 1 if one cannot be
//! compiled or refuses a plain conversation.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use bedrock::canonical::{Block, Message, Prompt, Request, Role, Tool, Turns};
use chat::{ChatError, ChatModel};
use engine::{ByteTokenizer, Tokenizer};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return ExitCode::from(2);
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jinja"))
        .collect();
    files.sort();
    let mut code = if files.is_empty() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    for file in files {
        let line = check(&file).unwrap_or_else(|error| {
            code = ExitCode::FAILURE;
            format!("FAILED: {error}")
        });
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if writeln!(std::io::stdout(), "{name:55} {line}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    code
}

fn check(file: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let source = std::fs::read_to_string(file)?;
    let tokenizer = Arc::new(ByteTokenizer::new());
    let model = ChatModel::new(tokenizer.clone(), Some(&source))?;
    let text = |role, text: &str| Message { role, content: vec![Block::Text(text.into())] };
    let turns = Turns {
        system: vec!["Be brief.".into()],
        messages: vec![
            text(Role::User, "First?"),
            text(Role::Assistant, "One."),
            text(Role::User, "Second?"),
        ],
    };
    let mut request = Request::new(Prompt::Turns(turns));
    let rendered = |request: &Request| -> Result<String, ChatError> {
        let mut text = String::new();
        for token in model.prompt(request)?.tokens {
            match tokenizer.controls().iter().find(|(_, id)| *id == token) {
                Some((control, _)) => text.push_str(control),
                None => text.extend(u8::try_from(token).map(char::from)),
            }
        }
        Ok(text)
    };
    let prompt = rendered(&request)?;
    for text in ["Be brief.", "First?", "One.", "Second?"] {
        if !prompt.contains(text) {
            return Err(format!("{text:?} is not in the prompt {prompt:?}").into());
        }
    }
    request.tools = vec![Tool {
        name: "get_weather".into(),
        description: Some("The weather.".into()),
        input_schema: serde_json::json!({"type": "object", "properties": {"city": {"type": "string"}}}),
        strict: false,
    }];
    let tools = match rendered(&request) {
        Ok(prompt) if prompt.contains("get_weather") => "tools".into(),
        Ok(_) => "tools are not shown".into(),
        Err(ChatError::ToolsUnsupported) => "no tools".into(),
        Err(error) => format!("tools: {error}"),
    };
    Ok(format!("{} bytes, {tools}", prompt.chars().count()))
}
