//! Reading a foreign JSON body. Every step knows its path, so every refusal names the field.
//!
//! [`Node`] is a value and where it stands; [`Node::read`] opens an object and, once its reader is done, refuses every
//! key that nobody asked for. `null` is the same as absent, as in AWS's own JSON protocol. It must never know a body's
//! meaning. Depth is bounded by serde_json (128), the number of values here, size by whoever received the bytes.

use std::fmt::Display;

use serde_json::{Map, Value};

use crate::error::{Subject, WireError};

/// How constraints on values are worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wording {
    /// Modelled operations: "1 validation error detected: Value '2' at 'a.b' failed to satisfy constraint: …".
    Modelled,
    /// Bodies of InvokeModel: "Malformed input request: #/a/b: 2 is not less or equal to 1, …".
    Native,
}

/// Most values in a body: in memory each takes some hundred bytes, however short its text.
const VALUES_MAX: usize = 500_000;

/// The body as a value.
pub(crate) fn parse(body: &[u8]) -> Result<Value, WireError> {
    if body.len() > VALUES_MAX && values(body) > VALUES_MAX {
        let what = format!("the request body has more than {VALUES_MAX} JSON values");
        return Err(malformed(&what));
    }
    serde_json::from_slice(body)
        .map_err(|error| malformed(&format!("the request body is not valid JSON: {error}")))
}

/// At least the number of values in JSON text: every one but the first follows `[`, `{` or `,`, or the key after one.
fn values(body: &[u8]) -> usize {
    let (mut count, mut in_text, mut escaped) = (1, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' | b',' if !in_text => count += 1,
            _ => {}
        }
    }
    count
}

fn malformed(what: &str) -> WireError {
    WireError::validation(format!(
        "Malformed input request: {what}, please reformat your input and try again."
    ))
}

/// The same error, said to be about the field of a path.
fn about(error: WireError, path: &str) -> WireError {
    if path.is_empty() { error } else { error.about(Subject::Field(path.to_owned())) }
}

/// A value and the path that names it: `messages.0.content.1.text`; the body itself has an empty path.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    value: &'a Value,
    path: String,
    wording: Wording,
}

impl<'a> Node<'a> {
    /// The body itself.
    pub(crate) fn root(value: &'a Value, wording: Wording) -> Self {
        Node { value, path: String::new(), wording }
    }

    /// The value as it stands.
    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// Its path; `#` for the body itself.
    pub(crate) fn path(&self) -> &str {
        if self.path.is_empty() { "#" } else { &self.path }
    }

    /// A refusal of this value: "PATH: WHY".
    pub(crate) fn error(&self, why: impl Display) -> WireError {
        self.at(WireError::validation(format!("{}: {why}", self.path())))
    }

    /// The same error, said to be about this value.
    fn at(&self, error: WireError) -> WireError {
        about(error, &self.path)
    }

    fn wrong_type(&self, expected: &str) -> WireError {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(number) if number.is_f64() => "a number with a fraction or exponent",
            Value::Number(_) => "an integer",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.error(format_args!("expected {expected}, found {found}"))
    }

    /// A refusal in the words of a modelled constraint, for example "Member must not be null". `shown` is the value
    /// as far as it may be repeated.
    pub(crate) fn constraint(
        &self,
        shown: Option<&str>,
        modelled: &str,
        native: &str,
    ) -> WireError {
        match self.wording {
            Wording::Modelled => {
                let value = shown.map_or_else(String::new, |text| format!(" '{}'", cut(text)));
                self.at(WireError::validation(format!(
                    "1 validation error detected: Value{value} at '{}' failed to satisfy constraint: \
                     {modelled}",
                    self.path()
                )))
            }
            Wording::Native => self.at(malformed(&format!("{}: {native}", pointer(&self.path)))),
        }
    }

    /// Reads an object; afterwards every key that `reader` did not ask for is refused by name.
    pub(crate) fn read<T>(
        &self,
        reader: impl FnOnce(&mut Fields<'a>) -> Result<T, WireError>,
    ) -> Result<T, WireError> {
        let Value::Object(map) = self.value else { return Err(self.wrong_type("an object")) };
        let mut fields = Fields { map, node: self.clone(), known: Vec::new() };
        let read = reader(&mut fields)?;
        fields.refuse_unknown()?;
        Ok(read)
    }

    /// The one member of a union. `members` are all its names.
    pub(crate) fn member(
        &self,
        members: &[&'static str],
    ) -> Result<(&'static str, Node<'a>), WireError> {
        self.read(|fields| {
            let set: Vec<_> =
                members.iter().filter_map(|name| Some((*name, fields.take(name)?))).collect();
            fields.refuse_unknown()?;
            if let [only] = &set[..] {
                return Ok(only.clone());
            }
            let found: Vec<&str> = set.iter().map(|(name, _)| *name).collect();
            Err(self.error(format_args!(
                "exactly one of [{}] must be set, found [{}]",
                members.join(", "),
                found.join(", ")
            )))
        })
    }

    /// The object itself, for parts that are passed on as they are.
    pub(crate) fn object(&self) -> Result<&'a Map<String, Value>, WireError> {
        self.value.as_object().ok_or_else(|| self.wrong_type("an object"))
    }

    /// Entries of a map whose keys are the caller's own.
    pub(crate) fn entries(&self) -> Result<impl Iterator<Item = (&'a str, Node<'a>)>, WireError> {
        let (path, wording) = (self.path.clone(), self.wording);
        Ok(self.object()?.iter().map(move |(key, value)| {
            (key.as_str(), Node { value, path: format!("{path}.{key}"), wording })
        }))
    }

    /// Items of a list.
    pub(crate) fn items(&self) -> Result<impl Iterator<Item = Node<'a>>, WireError> {
        let Value::Array(items) = self.value else { return Err(self.wrong_type("a list")) };
        let (path, wording) = (self.path.clone(), self.wording);
        Ok(items.iter().enumerate().map(move |(index, value)| {
            let path = if path.is_empty() { index.to_string() } else { format!("{path}.{index}") };
            Node { value, path, wording }
        }))
    }

    /// Items of a list that has `min..=max` of them.
    pub(crate) fn items_within(
        &self,
        min: usize,
        max: usize,
    ) -> Result<impl Iterator<Item = Node<'a>>, WireError> {
        if let Value::Array(items) = self.value {
            self.length(items.len(), min, max)?;
        }
        self.items()
    }

    /// Any text.
    pub(crate) fn text(&self) -> Result<&'a str, WireError> {
        self.value.as_str().ok_or_else(|| self.wrong_type("a string"))
    }

    /// A text of `min..=max` characters.
    pub(crate) fn text_within(&self, min: usize, max: usize) -> Result<&'a str, WireError> {
        let text = self.text()?;
        self.length(text.chars().take(max.saturating_add(1)).count(), min, max)?;
        Ok(text)
    }

    /// A name of 1 to `max` characters, each a letter, a digit or one of `others`.
    pub(crate) fn name(&self, max: usize, others: &str) -> Result<&'a str, WireError> {
        let text = self.text_within(1, max)?;
        if text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c)) {
            return Ok(text);
        }
        let pattern = format!("[a-zA-Z0-9{others}]+");
        Err(self.constraint(
            Some(text),
            &format!("Member must satisfy regular expression pattern: {pattern}"),
            &format!("string [{}] does not match pattern {pattern}", cut(text)),
        ))
    }

    fn length(&self, length: usize, min: usize, max: usize) -> Result<(), WireError> {
        if length < min {
            let modelled = format!("Member must have length greater than or equal to {min}");
            Err(self.constraint(
                None,
                &modelled,
                &format!("expected minimum length: {min}, actual: {length}"),
            ))
        } else if length > max {
            let modelled = format!("Member must have length less than or equal to {max}");
            Err(self.constraint(None, &modelled, &format!("expected maximum length: {max}")))
        } else {
            Ok(())
        }
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Result<bool, WireError> {
        self.value.as_bool().ok_or_else(|| self.wrong_type("a boolean"))
    }

    /// One of a few words.
    pub(crate) fn word<T: Clone>(&self, words: &[(&str, T)]) -> Result<T, WireError> {
        let text = self.text()?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(meaning.clone());
        }
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let all = all.join(", ");
        Err(self.constraint(
            Some(text),
            &format!("Member must satisfy enum value set: [{all}]"),
            &format!("{} is not a valid enum value, expected one of [{all}]", cut(text)),
        ))
    }

    /// A whole number in `min..=max`.
    pub(crate) fn integer(&self, min: u64, max: u64) -> Result<u64, WireError> {
        if self.value.as_i64().is_some_and(|signed| signed < 0) {
            return Err(self.too_small(min));
        }
        match self.value.as_u64().ok_or_else(|| self.wrong_type("an integer"))? {
            small if small < min => Err(self.too_small(min)),
            large if large > max => Err(self.too_large(max)),
            within => Ok(within),
        }
    }

    /// A whole number in `min..=max`.
    pub(crate) fn integer_u32(&self, min: u32, max: u32) -> Result<u32, WireError> {
        let within = self.integer(min.into(), max.into())?;
        u32::try_from(within).map_err(|_| self.too_large(max))
    }

    /// A number in `min..=max`.
    pub(crate) fn number(&self, min: f32, max: f32) -> Result<f32, WireError> {
        match self.value.as_f64().ok_or_else(|| self.wrong_type("a number"))? {
            small if small < f64::from(min) => Err(self.too_small(min)),
            large if large > f64::from(max) => Err(self.too_large(max)),
            within => Ok(narrow(within)),
        }
    }

    fn too_small(&self, min: impl Display) -> WireError {
        let modelled = format!("Member must have value greater than or equal to {min}");
        let native = format!("{} is not greater or equal to {min}", self.value);
        self.constraint(Some(&self.value.to_string()), &modelled, &native)
    }

    fn too_large(&self, max: impl Display) -> WireError {
        let modelled = format!("Member must have value less than or equal to {max}");
        let native = format!("{} is not less or equal to {max}", self.value);
        self.constraint(Some(&self.value.to_string()), &modelled, &native)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the value is within bounds that f32 holds")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// At most 64 characters of a caller's text, for messages.
pub(crate) fn cut(text: &str) -> &str {
    text.char_indices().nth(64).map_or(text, |(end, _)| &text[..end])
}

/// `a.0.b` as `#/a/0/b`.
fn pointer(path: &str) -> String {
    if path.is_empty() { "#".to_owned() } else { format!("#/{}", path.replace('.', "/")) }
}

/// The fields of an object being read.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    node: Node<'a>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The object itself.
    pub(crate) fn node(&self) -> &Node<'a> {
        &self.node
    }

    /// A field, if it is present and not null.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Node<'a>> {
        self.known.push(key);
        let value = self.map.get(key).filter(|value| !value.is_null())?;
        Some(Node { value, path: self.path_of(key), wording: self.node.wording })
    }

    fn path_of(&self, key: &str) -> String {
        if self.node.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.node.path) }
    }

    /// A field that must be present.
    pub(crate) fn require(&mut self, key: &'static str) -> Result<Node<'a>, WireError> {
        self.take(key).ok_or_else(|| {
            let path = self.path_of(key);
            let error = match self.node.wording {
                Wording::Modelled => WireError::validation(format!(
                    "1 validation error detected: Value null at '{path}' failed to satisfy constraint: \
                     Member must not be null"
                )),
                Wording::Native => {
                    let object = pointer(&self.node.path);
                    malformed(&format!("{object}: required key [{key}] not found"))
                }
            };
            about(error, &path)
        })
    }

    /// A text, if present.
    pub(crate) fn text(&mut self, key: &'static str) -> Result<Option<&'a str>, WireError> {
        self.take(key).map(|node| node.text()).transpose()
    }

    /// A boolean, if present.
    pub(crate) fn boolean(&mut self, key: &'static str) -> Result<Option<bool>, WireError> {
        self.take(key).map(|node| node.boolean()).transpose()
    }

    /// A number in `min..=max`, if present.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        min: f32,
        max: f32,
    ) -> Result<Option<f32>, WireError> {
        self.take(key).map(|node| node.number(min, max)).transpose()
    }

    /// A whole number in `min..=max`, if present.
    pub(crate) fn integer(
        &mut self,
        key: &'static str,
        min: u32,
        max: u32,
    ) -> Result<Option<u32>, WireError> {
        self.take(key).map(|node| node.integer_u32(min, max)).transpose()
    }

    /// Fields that are accepted and have no effect; those present are added to `ignored` by name.
    pub(crate) fn ignore(&mut self, keys: &[&'static str], ignored: &mut Vec<String>) {
        for key in keys {
            if self.take(key).is_some() && !ignored.iter().any(|name| name == key) {
                ignored.push((*key).to_owned());
            }
        }
    }

    /// Refuses fields that Bedrock knows and Outcrop does not serve yet.
    pub(crate) fn refuse(&mut self, keys: &[&'static str], why: &str) -> Result<(), WireError> {
        match keys.iter().find_map(|key| self.take(key)) {
            Some(node) => Err(node.error(why)),
            None => Ok(()),
        }
    }

    fn refuse_unknown(&self) -> Result<(), WireError> {
        self.refuse_unknown_at(&self.node.path)
    }

    /// Refuses every key that nobody asked for as if the object were a body itself: Bedrock merges some parts of a
    /// request into a body of its own and names its keys.
    pub(crate) fn refuse_unknown_as_body(&self) -> Result<(), WireError> {
        self.refuse_unknown_at("")
    }

    fn refuse_unknown_at(&self, path: &str) -> Result<(), WireError> {
        let unknown = self
            .map
            .iter()
            .find(|(key, value)| !value.is_null() && !self.known.contains(&key.as_str()));
        match unknown {
            Some((key, _)) => {
                let object = pointer(path);
                let error =
                    malformed(&format!("{object}: extraneous key [{}] is not permitted", cut(key)));
                Err(about(error, &self.path_of(cut(key))))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
