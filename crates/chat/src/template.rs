//! Hugging Face chat templates: Jinja with Python's methods, in bounded time and space, without a clock.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde_json::json;

use crate::ChatError;
use crate::abilities::Abilities;
use crate::date::Date;
use crate::json::tojson;

/// What one rendering may cost, in instructions and 64-byte pieces of what it makes: for a template itself, for each
/// message, and for each byte of their texts. Real templates take less than a twentieth of it.
const FUEL: u64 = 1_000_000;
const FUEL_PER_MESSAGE: u64 = 5_000;

/// Bytes that one rendering may write: a base and a multiple of the texts.
const MAX_OUTPUT: usize = 1 << 20;
const OUTPUT_PER_BYTE: usize = 8;

const NAME: &str = "chat_template";

/// A compiled template and what it can do.
pub(crate) struct Template {
    env: Environment<'static>,
    /// Its source, for who must know which characters it uses.
    pub(crate) source: String,
    /// Whether it takes a system message. If not, the system text goes into the first user turn.
    pub(crate) takes_system: bool,
    /// Whether a message's content must be a list of parts.
    pub(crate) typed_content: bool,
    /// Whether it shows tools.
    pub(crate) takes_tools: bool,
    /// The rest of what was found by trying.
    pub(crate) abilities: Abilities,
}

/// What is the same in every rendering.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// Text of the BOS token.
    pub(crate) bos: String,
    /// Text of the EOS token.
    pub(crate) eos: String,
}

/// One rendering's variables.
pub(crate) struct Conversation {
    pub(crate) messages: Vec<serde_json::Value>,
    pub(crate) tools: Vec<serde_json::Value>,
    /// What else the template is told, by name.
    pub(crate) variables: Vec<(&'static str, serde_json::Value)>,
    /// Bytes of all texts in them, for the bounds.
    pub(crate) size: usize,
}

impl Template {
    /// Compiles a template and tries what it takes.
    pub(crate) fn new(source: &str, marks: &Marks, date: Date) -> Result<Self, ChatError> {
        let mut env = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        env.set_syntax(syntax.map_err(|error| ChatError::BadTemplate(error.to_string()))?);
        env.set_undefined_behavior(UndefinedBehavior::Lenient);
        env.set_auto_escape_callback(|_| AutoEscape::None);
        env.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        env.set_debug(false);
        env.add_filter("tojson", tojson);
        // As in Python: `none` is not iterable.
        env.add_test("iterable", |value: &Value| !value.is_none() && value.try_iter().is_ok());
        env.add_function("raise_exception", |message: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        env.add_function("strftime_now", move |format: String| {
            date.format(&format).ok_or_else(|| {
                Error::new(ErrorKind::InvalidOperation, "strftime_now: unknown format")
            })
        });
        env.add_global("bos_token", Value::from(marks.bos.clone()));
        env.add_global("eos_token", Value::from(marks.eos.clone()));
        env.add_template_owned(NAME, without_generation_tags(source))
            .map_err(|error| ChatError::BadTemplate(error.to_string()))?;
        let mut template = Self {
            env,
            source: source.to_owned(),
            takes_system: true,
            typed_content: false,
            takes_tools: false,
            abilities: Abilities::default(),
        };
        template.probe();
        template.abilities = Abilities::probe(&template);
        Ok(template)
    }

    /// Renders with the opening of an answer at the end.
    pub(crate) fn render(&self, conversation: &Conversation) -> Result<String, ChatError> {
        self.render_as(conversation, true)
    }

    /// Renders with or without the opening of an answer.
    pub(crate) fn render_as(
        &self,
        conversation: &Conversation,
        open: bool,
    ) -> Result<String, ChatError> {
        let mut variables =
            json!({"messages": conversation.messages, "add_generation_prompt": open});
        // Without tools the variable is undefined: templates ask for that, and not all for `none`.
        if !conversation.tools.is_empty() {
            variables["tools"] = json!(conversation.tools);
        }
        for (name, value) in &conversation.variables {
            variables[*name] = value.clone();
        }
        let variables = Value::from(Serde(variables));
        let size = conversation.size;
        let messages = conversation.messages.len() + conversation.tools.len();
        let mut env = self.env.clone();
        env.set_fuel(Some(FUEL + FUEL_PER_MESSAGE * messages as u64 + size as u64));
        let template = env.get_template(NAME).map_err(|error| refused(&error))?;
        let limit = MAX_OUTPUT.saturating_add(size.saturating_mul(OUTPUT_PER_BYTE));
        let mut out = Bounded { bytes: Vec::new(), limit };
        template.render_captured_to(variables, &mut out).map_err(|error| refused(&error))?;
        String::from_utf8(out.bytes).map_err(|_| ChatError::Refused("not UTF-8".into()))
    }

    /// The content of a message as this template wants it.
    pub(crate) fn content(&self, text: &str) -> serde_json::Value {
        if self.typed_content { json!([{"type": "text", "text": text}]) } else { json!(text) }
    }

    fn probe(&mut self) {
        const NEEDLE: &str = "qzvneedleqzv";
        let shows = |this: &Self, messages: serde_json::Value, tools: Vec<serde_json::Value>| {
            let messages = messages.as_array().cloned().unwrap_or_default();
            this.render(&Conversation { messages, tools, variables: Vec::new(), size: 0 })
                .is_ok_and(|text| text.contains(NEEDLE))
        };
        let user = |content| json!({"role": "user", "content": content});
        if !shows(self, json!([user(self.content(NEEDLE))]), Vec::new()) {
            self.typed_content = true;
            self.typed_content = shows(self, json!([user(self.content(NEEDLE))]), Vec::new());
        }
        let hello = user(self.content("Hello"));
        let system = json!({"role": "system", "content": self.content(NEEDLE)});
        self.takes_system = shows(self, json!([system, hello]), Vec::new());
        let tool = json!({"type": "function", "function": {
            "name": NEEDLE, "description": "A test.",
            "parameters": {"type": "object", "properties": {"x": {"type": "string", "description": "x"}},
                "required": ["x"]},
        }});
        self.takes_tools = shows(self, json!([hello]), vec![tool]);
    }
}

fn refused(error: &Error) -> ChatError {
    match error.kind() {
        ErrorKind::OutOfFuel | ErrorKind::WriteFailure => ChatError::TooLarge,
        ErrorKind::InvalidOperation => {
            ChatError::Refused(error.detail().unwrap_or("invalid operation").to_owned())
        }
        _ => ChatError::Refused(error.to_string()),
    }
}

/// Output of at most `limit` bytes.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(std::io::Error::other("the output is too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// `{% generation %}` marks assistant text for training; it prints nothing of its own.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start);
        out.push_str(before);
        let end = tag.find("%}").map_or(tag.len(), |end| end + 2);
        let (tag, after) = tag.split_at(end);
        let word =
            tag.trim_start_matches("{%").trim_end_matches("%}").trim_matches(['-', '+', ' ']);
        match word {
            "generation" => out.push_str(&tag.replace("generation", "if true")),
            "endgeneration" => out.push_str(&tag.replace("endgeneration", "endif")),
            _ => out.push_str(tag),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
