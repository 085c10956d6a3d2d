//! Keys and values of a GGUF file.

use std::collections::HashMap;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any unsigned integer type.
    Unsigned(u64),
    /// Any signed integer type.
    Signed(i64),
    /// `f32` or `f64`.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// UTF-8 text.
    Str(String),
    /// An array of one of the above.
    Array(Array),
}

/// An array of equal types. Nested arrays are refused by the reader.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// Unsigned integers.
    Unsigned(Vec<u64>),
    /// Signed integers.
    Signed(Vec<i64>),
    /// Floats; `f64` is narrowed.
    Float(Vec<f32>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Texts.
    Str(Vec<String>),
}

/// All keys of a file.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    entries: HashMap<String, Value>,
}

impl Metadata {
    /// Adds a key; gives the former value back if there was one.
    pub fn insert(&mut self, key: impl Into<String>, value: Value) -> Option<Value> {
        self.entries.insert(key.into(), value)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key)
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// A text; `None` if absent or of another type, as in all the helpers below.
    #[must_use]
    pub fn str(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// An integer of any width that fits.
    #[must_use]
    pub fn u32(&self, key: &str) -> Option<u32> {
        match self.get(key)? {
            Value::Unsigned(n) => u32::try_from(*n).ok(),
            Value::Signed(n) => u32::try_from(*n).ok(),
            _ => None,
        }
    }

    /// A float; integers are not converted.
    #[must_use]
    pub fn f32(&self, key: &str) -> Option<f32> {
        match self.get(key)? {
            Value::Float(x) => Some(*x as f32),
            _ => None,
        }
    }

    /// A truth value.
    #[must_use]
    pub fn bool(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// An array of texts.
    #[must_use]
    pub fn strings(&self, key: &str) -> Option<&[String]> {
        match self.get(key)? {
            Value::Array(Array::Str(texts)) => Some(texts),
            _ => None,
        }
    }

    /// An array of integers, if each of them fits.
    #[must_use]
    pub fn i32s(&self, key: &str) -> Option<Vec<i32>> {
        match self.get(key)? {
            Value::Array(Array::Unsigned(ns)) => {
                ns.iter().map(|n| i32::try_from(*n).ok()).collect()
            }
            Value::Array(Array::Signed(ns)) => ns.iter().map(|n| i32::try_from(*n).ok()).collect(),
            _ => None,
        }
    }

    /// An array of floats.
    #[must_use]
    pub fn f32s(&self, key: &str) -> Option<Vec<f32>> {
        match self.get(key)? {
            Value::Array(Array::Float(xs)) => Some(xs.clone()),
            _ => None,
        }
    }
}
