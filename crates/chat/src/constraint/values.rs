//! Numbers and literal values of a schema, as far as an automaton can be exact about them.

use serde_json::{Map, Value};

/// Greatest number in a schema: up to it every whole number is a double.
const NUMBER_MAX: f64 = 9_007_199_254_740_992.0;
/// Most characters of a number without exponent.
const NUMBER_CHARS_MAX: usize = 24;
/// Deepest nesting of a literal value.
const DEPTH_MAX: usize = 16;

/// How many bytes a schema may still take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    left: usize,
    whole: usize,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: bytes, whole: bytes }
    }

    /// Takes some bytes, and a little for each time.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.left.checked_sub(bytes.saturating_add(8));
        self.left =
            left.ok_or_else(|| format!("the schema is larger than {} bytes", self.whole))?;
        Ok(())
    }

    /// A value of `const` or `enum`.
    pub(super) fn literal(&mut self, value: &Value) -> Result<Value, String> {
        self.nested(value, 0)
    }

    fn nested(&mut self, value: &Value, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err(format!("a value nested deeper than {DEPTH_MAX}"));
        }
        self.take(value.as_str().map_or(0, str::len))?;
        Ok(match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(_) => number(value)?,
            Value::String(text) => text_of(text)?,
            Value::Array(items) => {
                items.iter().map(|item| self.nested(item, depth + 1)).collect::<Result<_, _>>()?
            }
            Value::Object(map) => {
                let mut out = Map::new();
                for (key, value) in map {
                    self.take(key.len())?;
                    out.insert(key.clone(), self.nested(value, depth + 1)?);
                }
                Value::Object(out)
            }
        })
    }
}

fn text_of(text: &str) -> Result<Value, String> {
    match text.chars().find(|c| !super::is_writable(*c)) {
        None => Ok(Value::from(text)),
        Some(c) => Err(format!("a text with the control character U+{:04X}", u32::from(c))),
    }
}

/// A number that an automaton meets exactly; whole ones without a fraction.
pub(super) fn number(value: &Value) -> Result<Value, String> {
    let number = value.as_f64().ok_or("expected a number")?;
    if !number.is_finite() || number.abs() > NUMBER_MAX {
        return Err("numbers in a schema are supported up to 2^53".to_owned());
    }
    let text = format!("{number}");
    if text.len() > NUMBER_CHARS_MAX {
        return Err(format!("numbers of more than {NUMBER_CHARS_MAX} digits are not supported"));
    }
    if number == 0.0 {
        return Ok(Value::from(0));
    }
    let whole = text.parse::<i64>().ok();
    Ok(whole.map_or_else(|| Value::from(number), Value::from))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_lose_their_fraction() {
        let read = |value: Value| number(&value).ok();
        assert_eq!(read(json!(1.0)), Some(json!(1)));
        assert_eq!(read(json!(-0.0)), Some(json!(0)));
        assert_eq!(read(json!(-2.5)), Some(json!(-2.5)));
        assert_eq!(read(json!(9_007_199_254_740_992_i64)), Some(json!(9_007_199_254_740_992_i64)));
        for refused in [json!(1e16), json!(u64::MAX), json!(1e-30), json!("1"), json!(null)] {
            assert_eq!(read(refused), None);
        }
    }

    #[test]
    fn a_budget_ends() {
        let mut budget = Budget::new(100);
        assert!(budget.literal(&json!("a".repeat(50))).is_ok());
        assert!(budget.literal(&json!(["", "", "", "", "", ""])).is_err());
        let deep = (0..20).fold(json!(1), |inner, _| json!([inner]));
        assert!(Budget::new(10_000).literal(&deep).is_err());
        assert!(Budget::new(10_000).literal(&json!({"a": ["x\n\t"], "b": 1.0})).is_ok());
        assert!(Budget::new(10_000).literal(&json!(["\u{1}"])).is_err());
    }
}
