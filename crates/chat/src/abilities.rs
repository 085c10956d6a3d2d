//! What a template can do, found by trying it: how it wants calls, their ids and reasoning, and what it can be told of
//! reasoning.

use serde_json::{Value, json};

use crate::template::{Conversation, Template};

/// Where a template looks for the reasoning of an earlier turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Under this key of the message.
    Key(&'static str),
    /// In a block of type `thinking` of the message's content.
    Block,
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Abilities {
    pub(crate) calls: Calls,
    /// Whether a tool must have a description.
    pub(crate) needs_description: bool,
    pub(crate) place: Place,
    /// Whether texts, reasoning and calls are messages of their own, each in a channel.
    pub(crate) channels: bool,
    pub(crate) knobs: Knobs,
}

/// How it wants earlier calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    /// Whether a call's arguments must be JSON text; else they are an object.
    pub(crate) arguments_as_text: bool,
    /// Whether ids of calls must be nine letters or digits.
    pub(crate) short_ids: bool,
    /// Whether a message shows one call only.
    pub(crate) one_call: bool,
}

/// What it can be told of reasoning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Knobs {
    /// The variable that turns it on and off.
    pub(crate) switch: Option<&'static str>,
    /// Whether `reasoning_effort` has an effect.
    pub(crate) effort: bool,
    /// Whether `thinking_budget` has an effect.
    pub(crate) budget: bool,
}

impl Default for Abilities {
    /// A template that was not tried.
    fn default() -> Self {
        Self {
            calls: Calls::default(),
            needs_description: false,
            place: PLACES[0],
            channels: false,
            knobs: Knobs::default(),
        }
    }
}

/// Variables that turn reasoning on and off: Qwen3's, and DeepSeek's and Granite's.
const SWITCHES: [&str; 2] = ["enable_thinking", "thinking"];
const PLACES: [Place; 4] = [
    Place::Key("reasoning_content"),
    Place::Key("thinking"),
    Place::Key("reasoning"),
    Place::Block,
];
const NEEDLE: &str = "qzvneedleqzv";

impl Abilities {
    pub(crate) fn probe(template: &Template) -> Self {
        let mut abilities = Self {
            channels: template.source.contains("<|channel|>analysis<|message|>"),
            knobs: Knobs {
                switch: SWITCHES
                    .into_iter()
                    .find(|key| differs(template, key, json!(true), json!(false))),
                effort: differs(template, "reasoning_effort", json!("low"), json!("high")),
                budget: differs(template, "thinking_budget", json!(512), json!(4096)),
            },
            ..Self::default()
        };
        if template.takes_tools {
            abilities.probe_calls(template);
        }
        let shown = |place: &Place| {
            let message = abilities.reasoned(template, *place);
            abilities.turn(template, message).is_some_and(|text| text.contains(NEEDLE))
        };
        abilities.place = PLACES.into_iter().find(shown).unwrap_or(PLACES[0]);
        abilities
    }

    fn probe_calls(&mut self, template: &Template) {
        let one = |this: &Self, arguments: Value| {
            let message = json!({"role": "assistant", "content": template.content(""),
                "tool_calls": [this.call("qzvone", &arguments)]});
            this.turn(template, message)
        };
        let bare = |this: &Self| {
            let tools = vec![this.tool()];
            let messages = vec![json!({"role": "user", "content": template.content("Hello")})];
            render(template, messages, tools, &[])
        };
        if bare(self).is_none() {
            self.needs_description = true;
            self.needs_description = bare(self).is_some();
        }
        let object = json!({"qzvkey": null});
        let text = object.to_string();
        let works = |this: &Self| one(this, object.clone()).or_else(|| one(this, json!(text)));
        if works(self).is_none() {
            self.calls.short_ids = true;
            self.calls.short_ids = works(self).is_some();
        }
        let as_object = one(self, object.clone());
        let json = as_object.is_some_and(|shown| shown.replace(' ', "").contains(&text));
        self.calls.arguments_as_text =
            !json && one(self, json!(text)).is_some_and(|shown| shown.contains(&text));
        let arguments = if self.calls.arguments_as_text { json!(text) } else { object };
        let two = json!({"role": "assistant", "content": template.content(""),
            "tool_calls": [self.call("qzvone", &arguments), self.call("qzvtwo", &arguments)]});
        let both = self.turn(template, two).is_some_and(|shown| shown.contains("qzvtwo"));
        self.calls.one_call =
            !both && one(self, arguments).is_some_and(|shown| shown.contains("qzvone"));
    }

    fn tool(&self) -> Value {
        let mut function = json!({"name": "qzvone", "parameters": {"type": "object", "properties": {
            "qzvkey": {"type": "string", "description": "x"}}, "required": ["qzvkey"]}});
        if self.needs_description {
            function["description"] = json!("");
        }
        json!({"type": "function", "function": function})
    }

    fn call(&self, name: &str, arguments: &Value) -> Value {
        json!({"id": self.id(), "type": "function",
            "function": {"name": name, "arguments": arguments}})
    }

    fn id(&self) -> &'static str {
        if self.calls.short_ids { "abcdefGH1" } else { "tooluse_abcdefghijklmnopqrstuv" }
    }

    /// A call with reasoning before it, or a text where there are no calls.
    fn reasoned(&self, template: &Template, place: Place) -> Value {
        let mut message = json!({"role": "assistant", "content": template.content("")});
        if template.takes_tools {
            let arguments = json!({});
            let text = json!("{}");
            let arguments = if self.calls.arguments_as_text { &text } else { &arguments };
            message["tool_calls"] = json!([self.call("qzvone", arguments)]);
        } else {
            message["content"] = template.content("Hi");
        }
        place.put(&mut message, NEEDLE);
        message
    }

    /// The prompt after an assistant's message and what must follow it.
    fn turn(&self, template: &Template, message: Value) -> Option<String> {
        let user = json!({"role": "user", "content": template.content("Hello")});
        let calls = message.get("tool_calls").is_some();
        let next = if calls {
            json!({"role": "tool", "content": template.content("1"), "tool_call_id": self.id(),
                "name": "qzvone"})
        } else {
            user.clone()
        };
        let tools = if calls { vec![self.tool()] } else { Vec::new() };
        render(template, vec![user, message, next], tools, &[])
    }
}

impl Place {
    /// Puts reasoning into a message.
    pub(crate) fn put(self, message: &mut Value, text: &str) {
        match self {
            Place::Key(key) => message[key] = json!(text),
            Place::Block => {
                let thinking = json!({"type": "thinking", "thinking": text});
                let content = match message["content"].take() {
                    Value::Array(parts) => [vec![thinking], parts].concat(),
                    Value::String(text) if text.is_empty() => vec![thinking],
                    text => vec![thinking, json!({"type": "text", "text": text})],
                };
                message["content"] = Value::Array(content);
            }
        }
    }
}

fn render(
    template: &Template,
    messages: Vec<Value>,
    tools: Vec<Value>,
    variables: &[(&'static str, Value)],
) -> Option<String> {
    let variables = variables.to_vec();
    template.render(&Conversation { messages, tools, variables, size: 0 }).ok()
}

/// Whether two values of a variable make two prompts.
fn differs(template: &Template, key: &'static str, one: Value, other: Value) -> bool {
    if !template.source.contains(key) {
        return false;
    }
    let prompt = |value| hello(template, &[(key, value)]);
    match (prompt(one), prompt(other)) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    }
}

/// The prompt of a short conversation.
pub(crate) fn hello(template: &Template, variables: &[(&'static str, Value)]) -> Option<String> {
    let user = json!({"role": "user", "content": template.content("Hello")});
    render(template, vec![user], Vec::new(), variables)
}
