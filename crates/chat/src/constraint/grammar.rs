//! WHAT AN ANSWER MUST BE: which schemas of a request bind, and how the model's dialect writes around them.
//!
//! The one place where constraints know the dialect.

use std::fmt::Write as _;

use bedrock::canonical::{Request, Tool};
use engine::{TokenId, Tokenizer};
use serde_json::{Value, json};

use super::schema::{self, SchemaError};
use crate::dialect::{Dialect, Use};
use crate::dialects::{self, Syntax};
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
    tokenizer: &dyn Tokenizer,
    relaxed: bool,
) -> Result<Option<Plan>, Refused> {
    let mut plan = Plan { rules: String::new(), schemas: Vec::new(), opening: None };
    let calls = match dialect.filter(|_| *tool_use != Use::No) {
        Some(dialect) => {
            let tools = request.tools.iter().filter(|tool| may_be_called(tool, tool_use));
            Some(Calls { dialect, tokenizer, tools: tools.collect() })
        }
        None => None,
    };
    let calls = match calls {
        Some(calls) => match calls.form(tool_use) {
            Some(form) => Some((calls, form)),
            None => return unbound(&calls, tool_use),
        },
        None => None,
    };
    if let Some((calls, _)) = &calls {
        let must = *tool_use != Use::May;
        for (index, tool) in calls.tools.iter().enumerate() {
            let bound = arguments(tool, must && !relaxed)?;
            plan.schemas.push((format!("tool{index}"), bound));
        }
    }
    let start = match (tool_use, &calls, &request.output_format) {
        (Use::MustNamed(_), Some((calls, form)), _) => calls.named(form),
        (Use::Must, Some((calls, form)), _) => calls.begun(form, ""),
        (Use::May, Some((calls, form)), None) => {
            let (text, token) = (calls.dialect.open, calls.dialect.token);
            plan.opening = Some(Opening { text, token });
            calls.begun(form, calls.dialect.lead)
        }
        (_, Some((calls, form)), Some(_)) => format!("@answer | {}", calls.opened(form)),
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
    // A grammar holds no rule that it does not use.
    let named = matches!(tool_use, Use::MustNamed(_));
    let used = calls.filter(|(_, form)| !named || form.between.is_some());
    let rule = used.map(|(calls, form)| calls.rule(&form));
    plan.rules = format!("start: {start}\n{}", rule.unwrap_or_default());
    Ok(Some(plan))
}

/// The plan where calls cannot be bound: none if nothing was promised of them, else a refusal.
fn unbound(calls: &Calls<'_>, tool_use: &Use) -> Result<Option<Plan>, Refused> {
    let strict = calls.tools.iter().find(|tool| tool.strict);
    if strict.is_none() && tool_use.forced() {
        return Ok(None);
    }
    let name = calls.dialect.syntax.name();
    let what = match calls.dialect.syntax {
        Syntax::QwenCoder => {
            format!("tool calls as the serving model writes them ({name}) cannot be bound")
        }
        _ => format!(
            "tool calls as the serving model writes them ({name}) cannot be told from its answer in time"
        ),
    };
    Err(Refused { tool: strict.map(|tool| tool.name.clone()), error: SchemaError::at_root(what) })
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

/// How a dialect writes calls whose arguments are JSON, in the grammar's notation.
#[derive(Clone)]
struct Form {
    /// From a call's beginning to its name, and from there to its arguments.
    head: [String; 2],
    /// Whether names are JSON strings.
    quoted: bool,
    /// Between the end of a prompt that holds the name, and the arguments.
    gap: String,
    /// After the arguments.
    tail: String,
    /// Between the opening, or the lead that the prompt ends with, and the first call.
    begin: String,
    /// Between calls; `None` if there is only one.
    between: Option<String>,
    /// After the last call.
    end: String,
}

struct Calls<'a> {
    dialect: &'a Dialect,
    tokenizer: &'a dyn Tokenizer,
    tools: Vec<&'a Tool>,
}

impl Calls<'_> {
    /// `None` where calls are not JSON, or where their beginning cannot be told from other text.
    fn form(&self, tool_use: &Use) -> Option<Form> {
        let Dialect { lead, close, .. } = self.dialect;
        let key = |name: &str| [literal("{\"name\": "), literal(&format!(", \"{name}\": "))];
        let opening = self.mark(self.dialect.open);
        let objects = Form {
            head: key("arguments"),
            quoted: true,
            gap: literal(" "),
            tail: literal("}"),
            begin: String::new(),
            between: None,
            end: String::new(),
        };
        let bare =
            Form { quoted: false, gap: String::new(), tail: String::new(), ..objects.clone() };
        let form = match self.dialect.syntax {
            Syntax::Pebble | Syntax::Hermes => Form {
                tail: literal(&format!(
                    "}}{}",
                    close.map_or_else(String::new, |close| format!("{lead}{close}"))
                )),
                between: Some(format!("{0} {opening} {0}", literal(lead))),
                ..objects
            },
            Syntax::MistralList => Form {
                begin: literal("["),
                between: Some(literal(", ")),
                end: literal("]"),
                ..objects
            },
            Syntax::MistralArgs => Form {
                head: [String::new(), self.mark(self.dialect.seal)],
                between: Some(opening),
                ..bare
            },
            // Nothing opens a call but its own beginning, `{"name":`, which a prompt ends with.
            Syntax::Llama if tool_use.forced() => Form {
                head: [literal(" "), key("parameters")[1].clone()],
                between: Some(literal(&format!("; {lead}"))),
                ..objects
            },
            // Elsewhere a call begins within the header of a message.
            Syntax::Harmony if tool_use.forced() => Form {
                head: [
                    String::new(),
                    format!(
                        "{} {} {}",
                        self.mark("<|channel|>"),
                        literal("commentary json"),
                        self.mark("<|message|>")
                    ),
                ],
                ..bare
            },
            Syntax::Llama | Syntax::Harmony | Syntax::QwenCoder => return None,
        };
        Some(form)
    }

    /// A control token, or the text where it is none.
    fn mark(&self, text: &str) -> String {
        let id = dialects::control(self.tokenizer, text);
        id.map_or_else(|| literal(text), |id| format!("<[{id}]>"))
    }

    /// One call whose name is in the prompt, perhaps others after it.
    fn named(&self, form: &Form) -> String {
        format!("{} @tool0 {} {}", form.gap, form.tail, Self::rest(form))
    }

    /// Calls, the first of which is open up to its lead.
    fn begun(&self, form: &Form, lead: &str) -> String {
        format!("{} {} call {}", literal(lead), form.begin, Self::rest(form))
    }

    /// Calls from the first opening on.
    fn opened(&self, form: &Form) -> String {
        format!("{} {}", self.mark(self.dialect.open), self.begun(form, self.dialect.lead))
    }

    fn rest(form: &Form) -> String {
        let more = form.between.as_ref().map(|between| format!("({between} call)*"));
        format!("{} {}", more.unwrap_or_default(), form.end)
    }

    /// The rule of a call.
    fn rule(&self, form: &Form) -> String {
        let mut rule = "call: ".to_owned();
        for (index, tool) in self.tools.iter().enumerate() {
            let or = if index == 0 { "" } else { " | " };
            let name = if form.quoted { quote(&tool.name) } else { tool.name.clone() };
            let [before, after] = &form.head;
            // Writing into a String cannot fail.
            let _ =
                write!(rule, "{or}{before} {} {after} @tool{index} {}", literal(&name), form.tail);
        }
        rule.push('\n');
        rule
    }
}

/// A text of the grammar, in which strings are JSON's.
fn literal(text: &str) -> String {
    if text.is_empty() { String::new() } else { quote(text) }
}
