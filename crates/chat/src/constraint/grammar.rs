//! WHAT AN ANSWER MUST BE: which schemas of a request bind, and how the model's dialect writes around them.
//!
//! The one place where constraints know the dialect.

use std::fmt::Write as _;

use bedrock::canonical::{Request, Tool};
use engine::TokenId;
use serde_json::{Value, json};

use super::schema::{self, SchemaError};
use crate::dialect::{Dialect, Use};
use crate::json::quote;

/// A grammar and when it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// Rules in llguidance's variant of Lark; `@name` stands for a schema.
    pub(super) rules: String,
    /// Schemas by name.
    pub(super) schemas: Vec<(String, Value)>,
    /// The text that a call opens with, if the answer is free until then.
    pub(super) opening: Option<Opening>,
}

/// What opens a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) text: &'static str,
    pub(super) token: Option<TokenId>,
}

/// A schema of a request that is not enforced.
pub(super) struct Refused {
    pub(super) tool: Option<String>,
    pub(super) error: SchemaError,
}

/// Whether anything in a request binds the answer.
pub(crate) fn binds(request: &Request, tool_use: &Use) -> bool {
    match tool_use {
        Use::No => request.output_format.is_some(),
        Use::May => request.output_format.is_some() || request.tools.iter().any(|tool| tool.strict),
        Use::Must | Use::MustNamed(_) => true,
    }
}

/// The grammar of an answer. With `relaxed`, tools that are not strict may have any object as arguments.
///
/// # Errors
/// The first schema that must bind and cannot.
pub(super) fn plan(
    request: &Request,
    (tool_use, dialect): (&Use, Option<&Dialect>),
    relaxed: bool,
) -> Result<Option<Plan>, Refused> {
    let mut plan = Plan { rules: String::new(), schemas: Vec::new(), opening: None };
    let calls = match dialect.filter(|_| *tool_use != Use::No) {
        Some(dialect) => {
            let tools = request.tools.iter().filter(|tool| may_be_called(tool, tool_use));
            let tools: Vec<&Tool> = tools.collect();
            let must = *tool_use != Use::May;
            for (index, tool) in tools.iter().enumerate() {
                let bound = arguments(tool, must && !relaxed)?;
                plan.schemas.push((format!("tool{index}"), bound));
            }
            Some(Calls { dialect, tools })
        }
        None => None,
    };
    let start = match (tool_use, &calls, &request.output_format) {
        (Use::MustNamed(_), Some(calls), _) => calls.named(),
        (Use::Must, Some(calls), _) => calls.begun(""),
        (Use::May, Some(calls), None) => {
            let (text, token) = (calls.dialect.open, calls.dialect.token);
            plan.opening = Some(Opening { text, token });
            calls.begun(calls.dialect.lead)
        }
        (_, Some(calls), Some(_)) => format!("@answer | {}", calls.opened()),
        (_, None, Some(_)) => "@answer".to_owned(),
        (_, None, None) => return Ok(None),
        (Use::No, Some(_), None) => return Ok(None),
    };
    if start.contains("@answer")
        && let Some(output) = &request.output_format
    {
        let bound = schema::prepare(&output.schema);
        let bound = bound.map_err(|error| Refused { tool: None, error })?;
        plan.schemas.push(("answer".to_owned(), bound));
    }
    plan.rules =
        format!("start: {start}\n{}", calls.map_or_else(String::new, |calls| calls.rules()));
    Ok(Some(plan))
}

fn may_be_called(tool: &Tool, tool_use: &Use) -> bool {
    match tool_use {
        Use::No => false,
        Use::May | Use::Must => true,
        Use::MustNamed(name) => tool.name == *name,
    }
}

/// Arguments are an object, whatever else the schema says.
fn arguments(tool: &Tool, must: bool) -> Result<Value, Refused> {
    if !tool.strict && !must {
        return Ok(json!({"type": "object"}));
    }
    let mut schema = tool.input_schema.clone();
    if schema == Value::Bool(true) {
        schema = json!({});
    }
    if let Value::Object(map) = &mut schema {
        let allowed = map.get("type").is_none_or(|kinds| {
            kinds == "object" || kinds.as_array().is_some_and(|all| all.contains(&json!("object")))
        });
        if allowed {
            map.insert("type".to_owned(), json!("object"));
        }
    }
    let refused = |error| Refused { tool: Some(tool.name.clone()), error };
    if schema.get("type") != Some(&json!("object")) {
        return Err(refused(SchemaError::at_root("the arguments of a tool are an object")));
    }
    schema::prepare(&schema).map_err(refused)
}

struct Calls<'a> {
    dialect: &'a Dialect,
    tools: Vec<&'a Tool>,
}

impl Calls<'_> {
    /// One call whose name is in the prompt, perhaps others after it.
    fn named(&self) -> String {
        format!("{} @tool0 {} rest", literal(" "), literal(&self.tail()))
    }

    /// Calls, the first of which is open up to its lead.
    fn begun(&self, lead: &str) -> String {
        format!("{} call rest", literal(lead))
    }

    /// Calls from the first opening on.
    fn opened(&self) -> String {
        format!("{} {} call rest", self.opening(), literal(self.dialect.lead))
    }

    fn opening(&self) -> String {
        self.dialect.token.map_or_else(|| literal(self.dialect.open), |id| format!("<[{id}]>"))
    }

    /// What ends a call after its arguments.
    fn tail(&self) -> String {
        let close = self.dialect.close.map(|close| format!("{}{close}", self.dialect.lead));
        format!("}}{}", close.unwrap_or_default())
    }

    fn rules(&self) -> String {
        let lead = literal(self.dialect.lead);
        let mut rules = format!("rest: ({lead} {} {lead} call)*\ncall: ", self.opening());
        for (index, tool) in self.tools.iter().enumerate() {
            let head = format!("{{\"name\": {}, \"arguments\": ", quote(&tool.name));
            let or = if index == 0 { "" } else { " | " };
            let tail = literal(&self.tail());
            // Writing into a String cannot fail.
            let _ = write!(rules, "{or}{} @tool{index} {tail}", literal(&head));
        }
        rules.push('\n');
        rules
    }
}

/// A text of the grammar, in which strings are JSON's.
fn literal(text: &str) -> String {
    if text.is_empty() { String::new() } else { quote(text) }
}
