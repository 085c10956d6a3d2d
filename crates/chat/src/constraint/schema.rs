//! A CALLER'S SCHEMA → A SCHEMA THAT IS ENFORCED WHOLE, keyword by keyword; anything else is refused by name and place.
//!
//! What leaves here is smaller than JSON Schema: no annotations, formats as patterns, patterns with one meaning, all
//! references to numbered definitions, numbers that a grammar can bound. `docs/structured-output.md` lists the keywords.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::keywords::{
    bound_multiples, count, format, include_bounds, joins, least, multiple, types,
};
use super::pattern;
use super::values::{self, Budget};

/// Deepest nesting of schemas.
const DEPTH_MAX: usize = 32;
/// Most schemas in one, definitions included.
const SCHEMAS_MAX: usize = 2000;
/// Most bytes of names, patterns and values together.
const BYTES_MAX: usize = 100_000;
/// Most values of one `enum`.
const ENUM_MAX: usize = 1000;
/// Most entries of `properties`, `patternProperties`, `required`.
const ENTRIES_MAX: usize = 300;
/// Most entries of `prefixItems`, `allOf`, `anyOf` or `oneOf`.
const LIST_MAX: usize = 100;
/// Heaviest pattern where a schema joins patterns: an automaton for two at once has as many states as their product.
const JOINED_WEIGHT_MAX: u64 = 20;
/// Most patterns and formats there.
const JOINED_PATTERNS_MAX: usize = 16;

/// Why a schema is not enforced: a JSON pointer and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("#{at}: {what}")]
pub struct SchemaError {
    at: String,
    what: String,
}

impl SchemaError {
    pub(super) fn at_root(what: impl Into<String>) -> Self {
        Self { at: String::new(), what: what.into() }
    }
}

/// How a keyword is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Says nothing about which values are valid.
    Annotation,
    Type,
    Bound,
    Multiple,
    Count,
    MinProperties,
    Pattern,
    Format,
    Unique,
    Names,
    /// A schema for parts of the value.
    Part,
    /// A list of schemas for parts.
    Parts,
    /// Schemas for parts by name, or by pattern of the name.
    Named,
    NamedByPattern,
    Const,
    Enum,
    /// A list of schemas for the value itself.
    Whole,
    Ref,
}

/// Every keyword that is accepted, in the order in which they leave: those that apply other schemas to the same value
/// last, so that the rest of a schema stays together.
const KEYWORDS: [(&str, Rule); 40] = [
    ("$schema", Rule::Annotation),
    ("$id", Rule::Annotation),
    ("$comment", Rule::Annotation),
    ("$defs", Rule::Annotation),
    ("definitions", Rule::Annotation),
    ("title", Rule::Annotation),
    ("description", Rule::Annotation),
    ("default", Rule::Annotation),
    ("example", Rule::Annotation),
    ("examples", Rule::Annotation),
    ("deprecated", Rule::Annotation),
    ("readOnly", Rule::Annotation),
    ("writeOnly", Rule::Annotation),
    ("type", Rule::Type),
    ("minimum", Rule::Bound),
    ("maximum", Rule::Bound),
    ("exclusiveMinimum", Rule::Bound),
    ("exclusiveMaximum", Rule::Bound),
    ("multipleOf", Rule::Multiple),
    ("minLength", Rule::Count),
    ("maxLength", Rule::Count),
    ("pattern", Rule::Pattern),
    ("format", Rule::Format),
    ("minItems", Rule::Count),
    ("maxItems", Rule::Count),
    ("uniqueItems", Rule::Unique),
    ("prefixItems", Rule::Parts),
    ("items", Rule::Part),
    ("properties", Rule::Named),
    ("patternProperties", Rule::NamedByPattern),
    ("additionalProperties", Rule::Part),
    ("required", Rule::Names),
    ("minProperties", Rule::MinProperties),
    ("maxProperties", Rule::Count),
    ("const", Rule::Const),
    ("enum", Rule::Enum),
    ("allOf", Rule::Whole),
    ("anyOf", Rule::Whole),
    ("oneOf", Rule::Whole),
    ("$ref", Rule::Ref),
];

/// Values of `$schema` that are understood; those but the first know no `prefixItems`.
const DRAFTS: [&str; 4] = [
    "json-schema.org/draft/2020-12/schema",
    "json-schema.org/draft/2019-09/schema",
    "json-schema.org/draft-07/schema",
    "json-schema.org/draft-06/schema",
];

/// The schema that is compiled instead of the caller's.
///
/// # Errors
/// Names the first place that is not enforced, or that is beyond a bound.
pub(super) fn prepare(schema: &Value) -> Result<Value, SchemaError> {
    let mut walker = Walker {
        root: schema,
        tuples: true,
        schemas: 0,
        budget: Budget::new(BYTES_MAX),
        definitions: Vec::new(),
        numbers: HashMap::new(),
        within: 0,
        leads: Vec::new(),
        joins: false,
        heaviest: None,
        patterns: 0,
    };
    walker.tuples = walker.knows_tuples()?;
    walker.number_of("");
    let mut done = Map::new();
    while let Some(pointer) = walker.definitions.get(walker.within).cloned() {
        let place = Place { at: pointer.clone(), depth: 0, whole: true };
        let Some(target) = schema.pointer(&pointer) else {
            return Err(place.error("a $ref names it, but it is not there"));
        };
        done.insert(walker.within.to_string(), walker.schema(target, &place)?);
        walker.within += 1;
    }
    walker.check_loops()?;
    walker.check_joined()?;
    Ok(json!({"$ref": "#/$defs/0", "$defs": done}))
}

struct Walker<'a> {
    root: &'a Value,
    /// Whether `prefixItems` is a keyword.
    tuples: bool,
    schemas: usize,
    budget: Budget,
    /// Pointers of all schemas that are referred to, the root first.
    definitions: Vec<String>,
    numbers: HashMap<String, usize>,
    /// The definition being read.
    within: usize,
    /// Definitions that apply another one to the same value.
    leads: Vec<(usize, usize)>,
    /// Whether two schemas may apply to one value.
    joins: bool,
    /// The heaviest pattern and where it stands.
    heaviest: Option<(u64, String)>,
    /// Patterns and formats.
    patterns: usize,
}

/// Where a schema stands.
struct Place {
    at: String,
    depth: usize,
    /// Whether it applies to the same value as the definition it stands in.
    whole: bool,
}

impl Place {
    fn error(&self, what: impl Into<String>) -> SchemaError {
        SchemaError { at: self.at.clone(), what: what.into() }
    }

    fn at(&self, key: &str) -> Place {
        let at = format!("{}/{}", self.at, key.replace('~', "~0").replace('/', "~1"));
        Place { at, depth: self.depth, whole: self.whole }
    }

    /// A schema under a keyword; `whole` if it applies to the same value.
    fn below(&self, key: &str, whole: bool) -> Place {
        Place { depth: self.depth + 1, whole: self.whole && whole, ..self.at(key) }
    }
}

type Object = Map<String, Value>;

impl Walker<'_> {
    fn knows_tuples(&self) -> Result<bool, SchemaError> {
        let Some(draft) = self.root.get("$schema") else { return Ok(true) };
        let name = draft.as_str().unwrap_or_default().trim_end_matches('#');
        let name = name.trim_start_matches("https://").trim_start_matches("http://");
        DRAFTS.iter().position(|known| *known == name).map(|place| place == 0).ok_or_else(|| {
            SchemaError {
                at: "/$schema".to_owned(),
                what: "only drafts 2020-12, 2019-09, 7 and 6 of JSON Schema are supported"
                    .to_owned(),
            }
        })
    }

    fn number_of(&mut self, pointer: &str) -> usize {
        if let Some(number) = self.numbers.get(pointer) {
            return *number;
        }
        let number = self.definitions.len();
        self.definitions.push(pointer.to_owned());
        self.numbers.insert(pointer.to_owned(), number);
        number
    }

    fn schema(&mut self, schema: &Value, place: &Place) -> Result<Value, SchemaError> {
        self.schemas += 1;
        if self.schemas > SCHEMAS_MAX {
            return Err(place.error(format!("the schema has more than {SCHEMAS_MAX} parts")));
        }
        if place.depth > DEPTH_MAX {
            return Err(place.error(format!("schemas are nested deeper than {DEPTH_MAX}")));
        }
        let map = match schema {
            Value::Bool(_) => return Ok(schema.clone()),
            Value::Object(map) => map,
            _ => return Err(place.error("a schema is an object or a truth value")),
        };
        if let Some(key) = map.keys().find(|key| KEYWORDS.iter().all(|(known, _)| known != key)) {
            let key: String = key.chars().take(64).collect();
            return Err(place.at(&key).error(format!("the keyword {key} is not supported")));
        }
        let mut out = Object::new();
        let present = KEYWORDS.iter().filter_map(|(key, rule)| Some((*key, *rule, map.get(*key)?)));
        for (key, rule, value) in present {
            self.keyword((key, rule), value, place, &mut out)?;
        }
        if out.contains_key("multipleOf") {
            bound_multiples(&mut out);
        }
        include_bounds(&mut out);
        self.joins |= joins(&out);
        Ok(Value::Object(out))
    }

    fn keyword(
        &mut self,
        (key, rule): (&str, Rule),
        value: &Value,
        place: &Place,
        out: &mut Object,
    ) -> Result<(), SchemaError> {
        let here = place.at(key);
        let refuse = |what: String| here.error(what);
        let kept = match rule {
            Rule::Annotation if key == "$id" && !place.at.is_empty() => {
                return Err(here.error("an $id below the root is not supported"));
            }
            Rule::Annotation => return Ok(()),
            Rule::Unique => match value {
                Value::Bool(false) => return Ok(()),
                _ => return Err(here.error("uniqueItems is not supported, except false")),
            },
            Rule::Type => types(value).map_err(refuse)?,
            Rule::Bound => values::number(value).map_err(refuse)?,
            Rule::Multiple => multiple(value).map_err(refuse)?,
            Rule::Count => count(value).map_err(refuse)?,
            Rule::MinProperties => least(value, out).map_err(refuse)?,
            Rule::Names => self.names(value).map_err(refuse)?,
            Rule::Pattern => {
                let text = value.as_str().ok_or_else(|| here.error("expected a string"))?;
                self.pattern(text, &here)?.into()
            }
            Rule::Format => {
                self.patterns += 1;
                return format(value, out).map_err(refuse);
            }
            Rule::Const => self.budget.literal(value).map_err(refuse)?,
            Rule::Enum => self.choices(value).map_err(refuse)?,
            Rule::Part => self.schema(value, &place.below(key, false))?,
            Rule::Parts => self.list(value, &place.below(key, false))?,
            Rule::Whole => return self.whole(key, value, place, out),
            Rule::Named => self.named(value, &place.below(key, false), false)?,
            Rule::NamedByPattern => self.named(value, &place.below(key, false), true)?,
            Rule::Ref => self.reference(value, place).map_err(refuse)?,
        };
        if key == "prefixItems" && !self.tuples {
            return Err(here.error("the draft that $schema names has no prefixItems"));
        }
        out.insert(key.to_owned(), kept);
        Ok(())
    }

    fn names(&mut self, value: &Value) -> Result<Value, String> {
        let names: Option<Vec<&str>> =
            value.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
        let mut names = names.ok_or("expected a list of strings")?;
        if names.len() > ENTRIES_MAX {
            return Err(format!("more than {ENTRIES_MAX} entries"));
        }
        for name in &names {
            self.budget.take(name.len())?;
        }
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        Ok(json!(names))
    }

    fn pattern(&mut self, text: &str, place: &Place) -> Result<String, SchemaError> {
        self.patterns += 1;
        self.budget.take(text.len()).map_err(|what| place.error(what))?;
        let (pattern, weight) = pattern::translate(text)
            .map_err(|why| place.error(format!("the pattern is not supported: {why}")))?;
        if self.heaviest.as_ref().is_none_or(|(heaviest, _)| *heaviest < weight) {
            self.heaviest = Some((weight, place.at.clone()));
        }
        Ok(pattern)
    }

    fn check_joined(&self) -> Result<(), SchemaError> {
        match &self.heaviest {
            Some((weight, at)) if self.joins && *weight > JOINED_WEIGHT_MAX => Err(SchemaError {
                at: at.clone(),
                what: format!(
                    "in a schema that joins others (allOf, or keywords beside anyOf, oneOf or $ref, or pattern beside \
                     format) a pattern may count to {JOINED_WEIGHT_MAX}, this one counts to {weight}"
                ),
            }),
            _ if self.joins && self.patterns > JOINED_PATTERNS_MAX => {
                Err(SchemaError::at_root(format!(
                    "a schema that joins others may have {JOINED_PATTERNS_MAX} patterns and formats, this one has {}",
                    self.patterns
                )))
            }
            _ => Ok(()),
        }
    }

    fn choices(&mut self, value: &Value) -> Result<Value, String> {
        let choices = value.as_array().filter(|choices| !choices.is_empty());
        let choices = choices.ok_or("expected a list of at least one value")?;
        if choices.len() > ENUM_MAX {
            return Err(format!("more than {ENUM_MAX} values"));
        }
        choices.iter().map(|choice| self.budget.literal(choice)).collect()
    }

    fn list(&mut self, value: &Value, place: &Place) -> Result<Value, SchemaError> {
        let list = value.as_array().filter(|list| (1..=LIST_MAX).contains(&list.len()));
        let list =
            list.ok_or_else(|| place.error(format!("expected a list of 1 to {LIST_MAX} schemas")))?;
        let items = list.iter().enumerate();
        items.map(|(index, item)| self.schema(item, &place.at(&index.to_string()))).collect()
    }

    /// `allOf`, `anyOf`, `oneOf`. What `format` left in `allOf` stays.
    fn whole(
        &mut self,
        key: &str,
        value: &Value,
        place: &Place,
        out: &mut Object,
    ) -> Result<(), SchemaError> {
        let mut list = self.list(value, &place.below(key, true))?;
        if let (Some(Value::Array(before)), Value::Array(list)) = (out.get_mut(key), &mut list) {
            before.append(list);
        } else {
            out.insert(key.to_owned(), list);
        }
        Ok(())
    }

    fn named(
        &mut self,
        value: &Value,
        place: &Place,
        by_pattern: bool,
    ) -> Result<Value, SchemaError> {
        let map = value.as_object().filter(|map| map.len() <= ENTRIES_MAX).ok_or_else(|| {
            place.error(format!("expected an object of at most {ENTRIES_MAX} schemas"))
        })?;
        let mut out = Object::new();
        for (name, schema) in map {
            let here = place.at(name);
            self.budget.take(name.len()).map_err(|what| here.error(what))?;
            let kept = self.schema(schema, &here)?;
            let name = if by_pattern { self.pattern(name, &here)? } else { name.clone() };
            if out.insert(name, kept).is_some() {
                return Err(here.error("the same pattern in other words stands beside it"));
            }
        }
        Ok(Value::Object(out))
    }

    fn reference(&mut self, value: &Value, place: &Place) -> Result<Value, String> {
        let text = value.as_str().ok_or("expected a string")?;
        self.budget.take(text.len())?;
        let pointer = text.strip_prefix('#').filter(|pointer| {
            (pointer.is_empty() || pointer.starts_with('/')) && !pointer.contains('%')
        });
        let pointer = pointer
            .ok_or("only references into the schema itself, such as #/$defs/name, are supported")?;
        let number = self.number_of(pointer);
        if place.whole {
            self.leads.push((self.within, number));
        }
        Ok(Value::from(format!("#/$defs/{number}")))
    }

    /// Refuses references that lead back to themselves without a step into the value.
    fn check_loops(&self) -> Result<(), SchemaError> {
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); self.definitions.len()];
        let mut waits = vec![0_usize; self.definitions.len()];
        for (from, to) in &self.leads {
            next[*from].push(*to);
            waits[*to] += 1;
        }
        let mut free: Vec<usize> = (0..waits.len()).filter(|at| waits[*at] == 0).collect();
        while let Some(from) = free.pop() {
            for to in &next[from] {
                waits[*to] -= 1;
                if waits[*to] == 0 {
                    free.push(*to);
                }
            }
        }
        match waits.iter().position(|waits| *waits > 0) {
            None => Ok(()),
            Some(number) => Err(SchemaError {
                at: self.definitions[number].clone(),
                what: "the schema refers to itself without a step into the value".to_owned(),
            }),
        }
    }
}
