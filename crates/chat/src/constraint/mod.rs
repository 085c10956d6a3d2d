//! STRUCTURED OUTPUT: JSON Schema → [`engine::Constraint`]. An answer obeys its schema by construction: tokens that
//! would lead away from it are never chosen. What is enforced, and the bounds: `docs/structured-output.md`.
//!
//! A schema is first reduced to what the automaton enforces whole ([`schema`]), then compiled, in bounded work, by the
//! crate llguidance. Nothing here knows HTTP or the engine's step.

mod automaton;
mod cache;
mod formats;
mod grammar;
mod guard;
mod keywords;
mod pattern;
mod schema;
mod values;
mod vocabulary;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bedrock::canonical::Request;
use engine::{Constraint, Tokenizer};
use llguidance::Matcher;
use llguidance::api::{GrammarWithLexer, TopLevelGrammar};
use serde_json::{Value, json};

use crate::ChatError;
use crate::dialect::{Dialect, Use};
use automaton::{Automaton, Watch};
use cache::Cache;
pub(crate) use grammar::binds;
use grammar::{Plan, Refused};
pub use schema::SchemaError;
use vocabulary::Vocabulary;

/// Stack of the thread that compiles: schemas that refer to each other nest as deep as there are parts.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// Ways into a new grammar that are tried, and how many tokens each goes.
const PROBES: u32 = 3;
const PROBE_STEPS: usize = 16;
/// Longest explanation that is passed on from the compiler, in characters.
const WHY_MAX: usize = 300;

/// Makes constraints for one model, and keeps what it compiled.
#[derive(Default)]
pub(crate) struct Compiler {
    vocabulary: OnceLock<Result<Arc<Vocabulary>, String>>,
    compiled: Mutex<Cache<Result<Arc<Compiled>, String>>>,
}

/// A grammar, ready to be copied for an answer. Each copy has caches of its own, so that what it allows, and when it
/// runs out of fuel, does not depend on other answers.
struct Compiled {
    vocabulary: Arc<Vocabulary>,
    matcher: Mutex<Matcher>,
    watch: Option<Watch>,
}

impl Compiled {
    fn constraint(&self) -> Box<dyn Constraint> {
        let matcher = self.matcher.lock().unwrap_or_else(PoisonError::into_inner).deep_clone();
        Box::new(Automaton::new(Arc::clone(&self.vocabulary), self.watch.clone(), matcher))
    }
}

impl Compiler {
    /// One constraint per choice, or none if nothing binds the answer.
    ///
    /// # Errors
    /// [`ChatError::Schema`] and [`ChatError::Unenforceable`].
    pub(crate) fn constraints(
        &self,
        request: &Request,
        tool_use: &Use,
        dialect: Option<&Dialect>,
        tokenizer: &Arc<dyn Tokenizer>,
    ) -> Result<Vec<Box<dyn Constraint>>, ChatError> {
        if !binds(request, tool_use) {
            return Ok(Vec::new());
        }
        let compile = |relaxed| {
            let plan = grammar::plan(request, (tool_use, dialect), tokenizer.as_ref(), relaxed);
            let plan = plan.map_err(refused)?;
            plan.map(|plan| self.compile(plan, tokenizer)).transpose()
        };
        let compiled = match compile(false) {
            // What a tool does not promise is given up rather than the request.
            Err(_) if request.tools.iter().any(|tool| !tool.strict) => compile(true),
            compiled => compiled,
        };
        let Some(compiled) = compiled? else { return Ok(Vec::new()) };
        Ok((0..request.choices.max(1)).map(|_| compiled.constraint()).collect())
    }

    fn compile(
        &self,
        plan: Plan,
        tokenizer: &Arc<dyn Tokenizer>,
    ) -> Result<Arc<Compiled>, ChatError> {
        let vocabulary = self.vocabulary(tokenizer)?;
        let key = key_of(&plan);
        let known = self.cache().get(&key);
        let compiled = known.unwrap_or_else(|| {
            let compiled = on_a_large_stack(|| compile(plan, vocabulary)).map(Arc::new);
            self.cache().put(key, compiled.clone());
            compiled
        });
        compiled.map_err(ChatError::Unenforceable)
    }

    fn cache(&self) -> MutexGuard<'_, Cache<Result<Arc<Compiled>, String>>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the vocabulary, if it is not there yet. What goes wrong is told by each request that needs it.
    pub(crate) fn load_vocabulary(&self, tokenizer: &Arc<dyn Tokenizer>) {
        let _ = self.vocabulary(tokenizer);
    }

    fn vocabulary(&self, tokenizer: &Arc<dyn Tokenizer>) -> Result<Arc<Vocabulary>, ChatError> {
        let made = self.vocabulary.get_or_init(|| Vocabulary::new(tokenizer).map(Arc::new)).clone();
        made.map_err(ChatError::Unenforceable)
    }
}

fn refused(refused: Refused) -> ChatError {
    let Refused { tool, error } = refused;
    let subject = match tool {
        Some(name) => format!("the input schema of the tool {name}"),
        None => "the schema of the output".to_owned(),
    };
    ChatError::Schema { subject, error }
}

fn key_of(plan: &Plan) -> String {
    let mut key = plan.rules.clone();
    if let Some(opening) = &plan.opening {
        key.push_str(opening.text);
    }
    for (name, schema) in &plan.schemas {
        key.push('\n');
        key.push_str(name);
        key.push_str(&schema.to_string());
    }
    key
}

/// Runs `work` where deep recursion has room.
fn on_a_large_stack<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("schema".to_owned()).stack_size(STACK_BYTES);
        let running = builder.spawn_scoped(scope, work).map_err(|error| error.to_string())?;
        running.join().unwrap_or_else(|_| Err("the schema cannot be compiled".to_owned()))
    })
}

fn compile(plan: Plan, vocabulary: Arc<Vocabulary>) -> Result<Compiled, String> {
    let grammars = plan.schemas.into_iter().map(|(name, schema)| GrammarWithLexer {
        name: Some(name),
        json_schema: Some(styled(schema)),
        lark_grammar: None,
    });
    let rules = GrammarWithLexer::from_lark(plan.rules);
    let grammar = TopLevelGrammar {
        grammars: std::iter::once(rules).chain(grammars).collect(),
        max_tokens: None,
    };
    let parser = vocabulary.parser(grammar).map_err(|why| explain(&why))?;
    let mut matcher = Matcher::new(Ok(parser));
    for turn in 0..PROBES {
        probe(&matcher, turn).map_err(|why| explain(&why))?;
    }
    if let Some(warning) = matcher.grammar_warnings().first() {
        return Err(explain(warning));
    }
    let watch = plan.opening.map(|opening| Watch::new(opening, &vocabulary));
    Ok(Compiled { vocabulary, matcher: Mutex::new(matcher), watch })
}

/// Goes some way into a grammar, so that one that allows nothing, or takes more work than a mask may, shows here and not
/// within an answer. The ways differ by `turn`. Copies keep the fuel of the original whole.
fn probe(matcher: &Matcher, turn: u32) -> Result<(), String> {
    let mut matcher = matcher.deep_clone();
    let mut dice = turn;
    for _ in 0..PROBE_STEPS {
        let allowed = matcher.compute_mask().map_err(|why| why.to_string())?;
        // The first way takes the first tokens; the others jump about.
        let nth = if turn == 0 { 0 } else { dice as usize % allowed.num_set().max(1) };
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let Some(token) = allowed.iter().nth(nth) else { break };
        matcher.consume_token(token).map_err(|why| why.to_string())?;
        if !matcher.is_stopped() {
            matcher.consume_ff_tokens();
        }
        if matcher.is_stopped() {
            break;
        }
    }
    Ok(())
}

/// How JSON is laid out: as Python's `json.dumps` does by default, which is what models have read most. One way only, so
/// that what a schema settles needs no sampling and white space cannot go on for ever. Characters are never written as
/// `\uXXXX`: two spellings of one name would be two properties to a grammar and one to a reader.
fn styled(mut schema: Value) -> Value {
    if let Value::Object(map) = &mut schema {
        let style = json!({
            "item_separator": ", ",
            "key_separator": ": ",
            "whitespace_flexible": false,
            "json_allowed_escapes": "nrbtf\\\"",
        });
        map.insert("x-guidance".to_owned(), style);
    }
    schema
}

/// Whether a character can stand in a JSON text without `\uXXXX`.
fn is_writable(c: char) -> bool {
    !c.is_control() && c != '\u{7F}'
        || matches!(c, '\n' | '\r' | '\t' | '\u{8}' | '\u{C}')
        || c > '\u{7F}'
}

fn explain(why: &str) -> String {
    let line = why.lines().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    line.chars().take(WHY_MAX).collect()
}
