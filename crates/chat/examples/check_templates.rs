//! Renders simple conversations with real chat templates:
//! `cargo run --release -p outcrop-chat --example check_templates DIR`, DIR holding `*.jinja` files.
//!
//! One line is printed for each template: what it takes, the dialect of its tool calls, whether it reasons, and whether
//! a call and its result can be shown; or why it refuses. The vocabulary is bytes and every special text that the template
//! names. The exit code is 1 if a template cannot be compiled or refuses a plain conversation.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use bedrock::canonical::{Block, Message, Prompt, Request, Role, Tool, Turns};
use chat::{ChatError, ChatModel};
use engine::{TokenId, Tokenizer};

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

/// Bytes, and special tokens.
struct Vocabulary {
    bytes: Vec<u8>,
    controls: Vec<(String, TokenId)>,
}

impl Vocabulary {
    fn new(template: &str) -> Self {
        let mut texts = vec!["<s>".to_owned(), "</s>".to_owned()];
        for (open, close) in [("<|", "|>"), ("<\u{ff5c}", "\u{ff5c}>"), ("[", "]")] {
            for (start, _) in template.match_indices(open) {
                let rest = &template[start..];
                let Some(end) = rest[open.len()..].find(close) else { continue };
                let text = &rest[..open.len() + end + close.len()];
                let name = &text[open.len()..open.len() + end];
                let named = |c: char| c.is_ascii_uppercase() || c == '_' || c == '/';
                let special = if open == "[" {
                    name.len() > 2 && name.chars().all(named)
                } else {
                    !name.is_empty() && name.len() < 40 && !name.contains([' ', '<', '\n'])
                };
                if special && !texts.iter().any(|known| known == text) {
                    texts.push(text.to_owned());
                }
            }
        }
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self { bytes: (0..=u8::MAX).collect(), controls: texts.into_iter().zip(256..).collect() }
    }
}

impl Tokenizer for Vocabulary {
    fn vocab_size(&self) -> usize {
        self.bytes.len() + self.controls.len()
    }
    fn encode(&self, text: &str) -> Vec<TokenId> {
        text.bytes().map(TokenId::from).collect()
    }
    fn token_bytes(&self, id: TokenId) -> &[u8] {
        let id = usize::try_from(id).unwrap_or(usize::MAX);
        self.bytes.get(id..=id).unwrap_or_default()
    }
    fn control(&self, text: &str) -> Option<TokenId> {
        self.controls.iter().find(|(control, _)| control == text).map(|(_, id)| *id)
    }
    fn controls(&self) -> &[(String, TokenId)] {
        &self.controls
    }
    fn bos(&self) -> Option<TokenId> {
        self.control("<s>")
    }
    fn add_bos(&self) -> bool {
        false
    }
    fn stop_tokens(&self) -> &[TokenId] {
        &[]
    }
    fn adds_space_prefix(&self) -> bool {
        false
    }
}

/// A call and its result, after the first question.
fn with_call(request: &Request) -> Request {
    let mut request = request.clone();
    let call = Block::ToolUse {
        id: "tooluse_1".into(),
        name: "get_weather".into(),
        input: serde_json::json!({"city": "Reykjavik"}),
    };
    let result =
        Block::ToolResult { id: "tooluse_1".into(), text: "Drizzle".into(), is_error: false };
    if let Prompt::Turns(turns) = &mut request.prompt {
        turns.messages.truncate(1);
        turns.messages.push(Message { role: Role::Assistant, content: vec![call] });
        turns.messages.push(Message { role: Role::User, content: vec![result] });
    }
    request
}

fn check(file: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let source = std::fs::read_to_string(file)?;
    let tokenizer = Arc::new(Vocabulary::new(&source));
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
        let mut bytes = Vec::new();
        for token in model.prompt(request)?.tokens {
            match tokenizer.controls().iter().find(|(_, id)| *id == token) {
                Some((control, _)) => bytes.extend_from_slice(control.as_bytes()),
                None => bytes.extend_from_slice(tokenizer.token_bytes(token)),
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
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
        Ok(prompt) if prompt.contains("get_weather") => "tools".to_owned(),
        Ok(_) => "tools are not shown".into(),
        Err(ChatError::ToolsUnsupported) => "no tools".into(),
        Err(error) => format!("tools: {error}"),
    };
    let history = match (model.dialect(), rendered(&with_call(&request))) {
        (None, _) => String::new(),
        (Some(_), Err(error)) => format!(", a call: {error}"),
        (Some(_), Ok(prompt))
            if ["Reykjavik", "Drizzle"].iter().all(|text| prompt.contains(text)) =>
        {
            ", a call and its result".into()
        }
        (Some(_), Ok(_)) => ", a call is not shown".into(),
    };
    let reasons = if model.reasons() { ", reasons" } else { "" };
    let dialect = model.dialect().unwrap_or("no dialect");
    Ok(format!("{} bytes, {tools}, {dialect}{history}{reasons}", prompt.len()))
}
