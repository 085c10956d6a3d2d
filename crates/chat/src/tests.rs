//! Laws of prompts and decoders, over a tokenizer whose tokens are characters.

mod decoding;
mod dialects;
mod documents;
mod prompts;
mod reasoning;
mod tokenizer;

use std::sync::Arc;

use bedrock::canonical::{Block, Message, Prompt, Request, Role, Tool, Turns};
use serde_json::json;

use crate::ChatModel;
use tokenizer::Characters;

/// The built-in model's template.
const PEBBLE: &str = include_str!("../../../training/chat_template.jinja");

const PEBBLE_CONTROLS: [&str; 8] = [
    "<|bos|>",
    "<|end|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|tools|>",
    "<|tool_call|>",
    "<|tool_result|>",
];

const HERMES: &str = concat!(
    "{% if tools %}<|im_start|>system\n<tools>{% for t in tools %}{{ t | tojson }}\n{% endfor %}</tools>",
    "{# calls are <tool_call>{\"name\": …, \"arguments\": …}</tool_call> #}<|im_end|>\n{% endif %}",
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% for c in m.tool_calls or [] %}",
    "\n<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}<|im_end|>\n{% endfor %}",
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
);

/// Refuses a system message and trims, like Gemma's.
const GEMMA: &str = concat!(
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}",
    "{% for m in messages %}<start_of_turn>{{ m.role }}\n{{ m.content | trim }}<end_of_turn>\n{% endfor %}",
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
);

fn model(template: &str, controls: &[&str]) -> (ChatModel, Arc<Characters>) {
    let tokenizer = Arc::new(Characters::new(controls));
    (ChatModel::new(tokenizer.clone(), Some(template)).unwrap(), tokenizer)
}

fn pebble() -> (ChatModel, Arc<Characters>) {
    model(PEBBLE, &PEBBLE_CONTROLS)
}

fn turn(role: Role, text: &str) -> Message {
    Message { role, content: vec![Block::Text(text.into())] }
}

fn chat(system: &[&str], messages: Vec<Message>) -> Request {
    let system = system.iter().map(|text| (*text).to_owned()).collect();
    Request::new(Prompt::Turns(Turns { system, messages }))
}

fn hello() -> Request {
    chat(&[], vec![turn(Role::User, "Hello")])
}

fn tool(name: &str) -> Tool {
    Tool {
        name: name.into(),
        description: None,
        input_schema: json!({"type": "object"}),
        strict: false,
    }
}
