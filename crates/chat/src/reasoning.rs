//! Reasoning: the tags around it, and what a request can ask of a model.
//!
//! Stop sequences are not sought in reasoning: it is no part of the text that they cut, and a model that repeats the
//! question would lose its answer (vllm-project/vllm#38499, sgl-project/sglang#33152). Reasoning is read where an answer
//! begins with it, as llama.cpp has it; a tag in the middle of a text is text, unless it is a control token.

use bedrock::canonical::{Effort, Request, Thinking};
use serde_json::{Value, json};

use crate::ChatError;
use crate::abilities::{Abilities, hello};
use crate::dialect::Use;
use crate::template::Template;

/// The texts around reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tags {
    pub(crate) open: &'static str,
    pub(crate) close: &'static str,
    /// Between a tag and what it holds.
    line: &'static str,
    /// Between the closing tag and the answer.
    gap: &'static str,
}

/// DeepSeek, Qwen and most; a few fine-tunes; Mistral; Seed; Command.
const TAGS: [Tags; 5] = [
    Tags { open: "<think>", close: "</think>", line: "\n", gap: "\n\n" },
    Tags { open: "<reasoning>", close: "</reasoning>", line: "\n", gap: "\n\n" },
    Tags { open: "[THINK]", close: "[/THINK]", line: "", gap: "" },
    Tags { open: "<seed:think>", close: "</seed:think>", line: "\n", gap: "\n" },
    Tags { open: "<|START_THINKING|>", close: "<|END_THINKING|>", line: "", gap: "" },
];

impl Tags {
    /// Whether a prompt ends inside reasoning.
    pub(crate) fn inside(&self, prompt: &str) -> bool {
        prompt.trim_end().ends_with(self.open)
    }

    /// The text that ends reasoning from within.
    pub(crate) fn ending(&self) -> String {
        format!("{}{}{}", self.line, self.close, self.gap)
    }
}

/// How a model reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Between tags.
    Tags(Tags),
    /// In a channel of its own.
    Channel,
}

/// What a model can do about reasoning.
#[derive(Clone, Debug)]
pub(crate) struct Reasoner {
    /// `None` if it does not reason.
    pub(crate) way: Option<Way>,
    /// Whether some prompt ends inside reasoning without being told to.
    pub(crate) opens_inside: bool,
}

/// How a prompt shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// As the template has it.
    Template,
    /// Inside reasoning.
    Inside,
    /// Not inside reasoning.
    Outside,
    /// After reasoning that said nothing.
    Empty,
}

/// What a request's wish comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// For the template.
    pub(crate) variables: Vec<(&'static str, Value)>,
    pub(crate) begin: Begin,
    /// Most tokens of reasoning, where the template cannot be told.
    pub(crate) limit: Option<u32>,
}

impl Reasoner {
    pub(crate) fn find(template: &Template, channel: bool) -> Self {
        let tags = TAGS.into_iter().find(|tags| template.source.contains(tags.close));
        let way = if channel { Some(Way::Channel) } else { tags.map(Way::Tags) };
        let opens_inside = tags.is_some_and(|tags| {
            let switch = template.abilities.knobs.switch.map(|key| (key, json!(true)));
            let settings: [Vec<(&'static str, Value)>; 2] =
                [Vec::new(), switch.into_iter().collect()];
            settings
                .iter()
                .any(|variables| hello(template, variables).is_some_and(|text| tags.inside(&text)))
        });
        Self { way, opens_inside }
    }

    pub(crate) fn tags(&self) -> Option<Tags> {
        match &self.way {
            Some(Way::Tags(tags)) => Some(*tags),
            _ => None,
        }
    }

    /// What a request asks for, or what this model cannot do of it.
    pub(crate) fn plan(
        &self,
        abilities: &Abilities,
        source: &str,
        request: &Request,
    ) -> Result<Plan, ChatError> {
        let asked = &request.reasoning;
        let mut plan = Plan { variables: Vec::new(), begin: Begin::Template, limit: None };
        let switch = |on: bool| abilities.knobs.switch.map(|key| (key, json!(on)));
        let wanted =
            asked.effort.is_some() || !matches!(asked.thinking, Thinking::Default | Thinking::Off);
        if wanted && self.way.is_none() {
            return Err(ChatError::ReasoningUnsupported(asked.named));
        }
        match wish(request) {
            Thinking::Default if asked.effort.is_none() => {}
            Thinking::Default | Thinking::Adaptive => plan.variables.extend(switch(true)),
            Thinking::Off
                if self.way == Some(Way::Channel)
                    && Use::of(request) == Use::May
                    && request.output_format.is_none() =>
            {
                return Err(ChatError::AlwaysReasons(asked.named));
            }
            Thinking::Off => {
                plan.variables.extend(switch(false));
                if self.way.is_some() {
                    let told = abilities.knobs.switch.is_some();
                    plan.begin = if told { Begin::Outside } else { Begin::Empty };
                }
            }
            Thinking::On { budget_tokens } => {
                plan.variables.extend(switch(true));
                plan.begin = Begin::Inside;
                match budget_tokens {
                    Some(tokens) if abilities.knobs.budget => {
                        plan.variables.push(("thinking_budget", json!(tokens)));
                    }
                    Some(_) if self.way == Some(Way::Channel) => {
                        return Err(ChatError::BudgetUnsupported(asked.named));
                    }
                    limit => plan.limit = limit,
                }
            }
        }
        if let Some(effort) = asked.effort {
            if !abilities.knobs.effort || !takes(source, effort) {
                return Err(ChatError::EffortUnsupported(asked.named, effort.as_str()));
            }
            plan.variables.push(("reasoning_effort", json!(effort.as_str())));
        }
        Ok(plan)
    }
}

/// Whether an answer shall begin with reasoning. One that a schema binds is JSON from its first token on.
pub(crate) fn wish(request: &Request) -> Thinking {
    if request.output_format.is_some() { Thinking::Off } else { request.reasoning.thinking }
}

/// Whether a template that can be told an effort knows this one. All know three; others only if they name them.
fn takes(source: &str, effort: Effort) -> bool {
    matches!(effort, Effort::Low | Effort::Medium | Effort::High)
        || ['\'', '"']
            .iter()
            .any(|quote| source.contains(&format!("{quote}{}{quote}", effort.as_str())))
}

impl Begin {
    /// Makes a rendered prompt end so.
    pub(crate) fn apply(self, tags: Tags, prompt: &mut String) {
        let inside = tags.inside(prompt);
        match self {
            Begin::Template => {}
            Begin::Inside if inside => {}
            Begin::Inside => prompt.extend([tags.open, tags.line]),
            Begin::Outside | Begin::Empty if inside => {
                prompt.truncate(prompt.trim_end().len());
                prompt.push_str(tags.line);
                prompt.push_str(&tags.ending());
            }
            Begin::Empty if !prompt.trim_end().ends_with(tags.close) => {
                prompt.extend([tags.open, tags.line]);
                prompt.push_str(&tags.ending());
            }
            Begin::Outside | Begin::Empty => {}
        }
    }
}
