//! Canonical turns to the messages that Hugging Face templates take.

use bedrock::canonical::{Block, Message, Role, Tool, Turns};
use serde_json::{Value, json};

use crate::ChatError;
use crate::escape::Escape;
use crate::ids;
use crate::json::dumps;
use crate::template::{Conversation, Template};

/// Between two texts of one turn, and between the system text and the user's where they share one.
const BLANK_LINE: &str = "\n\n";

/// A conversation for a template, and the text of a last assistant turn that is to be continued.
pub(crate) struct Prepared {
    pub(crate) conversation: Conversation,
    pub(crate) prefill: String,
}

/// Every text of a conversation, for the choice of stand-ins.
pub(crate) fn texts<'r>(turns: &'r Turns, tools: &'r [Tool]) -> Vec<&'r str> {
    let mut texts: Vec<&str> = turns.system.iter().map(String::as_str).collect();
    for block in turns.messages.iter().flat_map(|message| &message.content) {
        match block {
            Block::Text(text) | Block::Reasoning(text) => texts.push(text),
            Block::ToolUse { id, name, input } => {
                texts.extend([id.as_str(), name]);
                json_texts(input, &mut texts);
            }
            Block::ToolResult { id, text, .. } => texts.extend([id.as_str(), text]),
            // Turned into texts before.
            Block::Document(_) => {}
        }
    }
    for tool in tools {
        texts.push(&tool.name);
        texts.extend(tool.description.as_deref());
        json_texts(&tool.input_schema, &mut texts);
    }
    texts
}

fn json_texts<'r>(value: &'r Value, texts: &mut Vec<&'r str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| json_texts(item, texts)),
        Value::Object(map) => {
            for (key, value) in map {
                texts.push(key);
                json_texts(value, texts);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a turn calls a tool or answers a call.
pub(crate) fn uses_tools(turns: &Turns) -> bool {
    let mut blocks = turns.messages.iter().flat_map(|message| &message.content);
    blocks.any(|block| matches!(block, Block::ToolUse { .. } | Block::ToolResult { .. }))
}

/// Builds the messages; all callers' texts go through `escape`.
pub(crate) fn prepare(
    turns: &Turns,
    tools: &[Tool],
    template: &Template,
    escape: &Escape<'_>,
) -> Result<Prepared, ChatError> {
    let (messages, prefill) = split_prefill(&turns.messages)?;
    let mut builder = Builder {
        template,
        escape,
        messages: Vec::new(),
        system: None,
        calls: Vec::new(),
        unsaid: Vec::new(),
    };
    let system = join(turns.system.iter().map(String::as_str));
    if !system.trim().is_empty() {
        if template.takes_system {
            builder.plain("system", &system);
        } else {
            builder.system = Some(system);
        }
    }
    for message in messages {
        match message.role {
            Role::User => builder.user(message),
            Role::Assistant => builder.assistant(message),
        }
    }
    if let Some(system) = builder.system.take() {
        builder.plain("user", &system);
    }
    let size = texts(turns, tools).into_iter().map(str::len).sum();
    let tools = tools.iter().map(|tool| builder.tool(tool)).collect();
    let variables = Vec::new();
    let conversation = Conversation { messages: builder.messages, tools, variables, size };
    Ok(Prepared { conversation, prefill: escape.hide(&prefill) })
}

/// A last assistant turn is not rendered: its text is continued.
fn split_prefill(messages: &[Message]) -> Result<(&[Message], String), ChatError> {
    let Some((last, before)) = messages.split_last() else {
        return Err(ChatError::Invalid("it has no messages"));
    };
    if last.role == Role::User {
        return Ok((messages, String::new()));
    }
    if last.content.iter().any(|block| matches!(block, Block::ToolUse { .. })) {
        return Err(ChatError::Invalid("its last message is a tool call without a result"));
    }
    Ok((before, texts_of(last).collect()))
}

fn texts_of(message: &Message) -> impl Iterator<Item = &str> {
    message.content.iter().filter_map(|block| match block {
        Block::Text(text) => Some(text.as_str()),
        Block::ToolUse { .. }
        | Block::ToolResult { .. }
        | Block::Reasoning(_)
        | Block::Document(_) => None,
    })
}

fn join<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(BLANK_LINE)
}

struct Builder<'b> {
    template: &'b Template,
    escape: &'b Escape<'b>,
    messages: Vec<Value>,
    /// System text that waits for the first user turn.
    system: Option<String>,
    /// Ids and names of the calls made so far.
    calls: Vec<(&'b str, &'b str)>,
    /// Calls that wait for their results, where a message has room for one only.
    unsaid: Vec<(&'b str, Value)>,
}

impl<'b> Builder<'b> {
    fn plain(&mut self, role: &str, text: &str) {
        let content = self.template.content(&self.escape.hide(text));
        self.messages.push(json!({"role": role, "content": content}));
    }

    /// Tool results become messages of their own, in order with the texts around them.
    fn user(&mut self, message: &'b Message) {
        let mut texts = Vec::new();
        let before = self.messages.len();
        for block in &message.content {
            match block {
                Block::Text(text) => texts.push(text.as_str()),
                Block::ToolResult { id, text, is_error } => {
                    self.user_text(&mut texts);
                    self.tool_result(id, text, *is_error);
                }
                Block::ToolUse { .. } | Block::Reasoning(_) | Block::Document(_) => {}
            }
        }
        self.user_text(&mut texts);
        if self.messages.len() == before {
            self.plain("user", "");
        }
    }

    fn user_text(&mut self, texts: &mut Vec<&str>) {
        let text = join(texts.drain(..));
        if !text.is_empty() {
            let system = self.system.take();
            let text = join(system.as_deref().into_iter().chain([text.as_str()]));
            self.plain("user", &text);
        }
    }

    fn tool_result(&mut self, id: &str, text: &str, is_error: bool) {
        let name =
            self.calls.iter().rev().find(|(call, _)| *call == id).map_or("", |(_, name)| name);
        let text = if is_error { format!("Error: {text}") } else { text.to_owned() };
        if let Some(at) = self.unsaid.iter().position(|(call, _)| *call == id) {
            let (_, call) = self.unsaid.remove(at);
            let content = self.template.content("");
            self.messages
                .push(json!({"role": "assistant", "content": content, "tool_calls": [call]}));
        }
        self.messages.push(json!({
            "role": "tool",
            "content": self.template.content(&self.escape.hide(&text)),
            "tool_call_id": self.id(id),
            "name": self.escape.hide(name),
        }));
    }

    fn assistant(&mut self, message: &'b Message) {
        let abilities = &self.template.abilities;
        let mut calls = Vec::new();
        let mut reasoning = Vec::new();
        for block in &message.content {
            match block {
                Block::ToolUse { id, name, input } => {
                    self.calls.push((id, name));
                    calls.push((id.as_str(), self.call(id, name, input)));
                }
                Block::Reasoning(text) => reasoning.push(text.as_str()),
                Block::Text(_) | Block::ToolResult { .. } | Block::Document(_) => {}
            }
        }
        if abilities.calls.one_call && calls.len() > 1 {
            self.unsaid = calls.split_off(1);
        }
        let mut text = self.escape.hide(&join(texts_of(message)));
        let reasoning = self.escape.hide(&join(reasoning.into_iter()));
        if abilities.channels && !calls.is_empty() && !text.is_empty() {
            // A message with a call has room for its reasoning only.
            let content = self.template.content(&std::mem::take(&mut text));
            self.messages.push(json!({"role": "assistant", "content": content}));
        }
        let mut turn = json!({"role": "assistant", "content": self.template.content(&text)});
        if !calls.is_empty() {
            turn["tool_calls"] = calls.into_iter().map(|(_, call)| call).collect();
        }
        if !reasoning.is_empty() {
            abilities.place.put(&mut turn, &reasoning);
        }
        self.messages.push(turn);
    }

    fn call(&self, id: &str, name: &str, input: &Value) -> Value {
        let arguments = if self.template.abilities.calls.arguments_as_text {
            json!(self.escape.hide(&dumps(input)))
        } else {
            self.escape.hide_json(input)
        };
        json!({"id": self.id(id), "type": "function", "function": {
            "name": self.escape.hide(name),
            "arguments": arguments,
        }})
    }

    /// A call's id as the template takes it.
    fn id(&self, id: &str) -> String {
        if self.template.abilities.calls.short_ids { ids::short(id) } else { self.escape.hide(id) }
    }

    fn tool(&self, tool: &Tool) -> Value {
        let mut function = json!({"name": self.escape.hide(&tool.name)});
        let needed = self.template.abilities.needs_description.then_some("");
        if let Some(description) = tool.description.as_deref().or(needed) {
            function["description"] = json!(self.escape.hide(description));
        }
        function["parameters"] = self.escape.hide_json(&tool.input_schema);
        json!({"type": "function", "function": function})
    }
}
