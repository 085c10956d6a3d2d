//! Keywords whose value can be read by itself.

use serde_json::{Map, Value, json};

use super::{formats, pattern, values};

/// Greatest length or count that a schema may ask for.
const COUNT_MAX: u64 = 10_000;
/// Greatest `multipleOf`: an automaton has a state for each remainder.
const MULTIPLE_MAX: u64 = 1000;
/// Where `multipleOf` stands without bounds, numbers stay within this.
const MULTIPLES_WITHIN: i64 = 1_000_000_000_000;
/// Where numbers begin if 0 is excluded: within the digits that an answer may have.
const LEAST: f64 = 1e-14;
const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

type Object = Map<String, Value>;

/// Whether a schema, as it leaves, applies another one beside its own keywords, or several patterns to one text.
pub(super) fn joins(out: &Object) -> bool {
    let several = out
        .get("patternProperties")
        .and_then(Value::as_object)
        .is_some_and(|map| map.len() > 1 || out.get("properties").is_some());
    out.contains_key("allOf")
        || several
        || out.len() > 1 && ["anyOf", "oneOf", "$ref"].iter().any(|key| out.contains_key(*key))
}

pub(super) fn types(value: &Value) -> Result<Value, String> {
    let known = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
    let fine = match value {
        Value::Array(list) => (1..=TYPES.len()).contains(&list.len()) && list.iter().all(known),
        one => known(one),
    };
    if fine {
        Ok(value.clone())
    } else {
        Err(format!("expected one or more of {}", TYPES.join(", ")))
    }
}

pub(super) fn multiple(value: &Value) -> Result<Value, String> {
    let whole = values::number(value)?.as_u64();
    let within = whole.filter(|whole| (1..=MULTIPLE_MAX).contains(whole));
    within.map(Value::from).ok_or_else(|| {
        format!("only whole numbers from 1 to {MULTIPLE_MAX} are supported for multipleOf")
    })
}

pub(super) fn bound_multiples(out: &mut Object) {
    for (inclusive, exclusive, bound) in [
        ("minimum", "exclusiveMinimum", -MULTIPLES_WITHIN),
        ("maximum", "exclusiveMaximum", MULTIPLES_WITHIN),
    ] {
        if !out.contains_key(inclusive) && !out.contains_key(exclusive) {
            out.insert(inclusive.to_owned(), bound.into());
        }
    }
}

/// An exclusive bound beyond which numbers grow away from 0 becomes the next double, inclusive. Else the bound's own digits
/// and zeros behind them could only go on, to a decimal that a reader rounds to the bound; and llguidance 1.9 lets an
/// excluded whole number pass where the other bound is less than 1 away.
pub(super) fn include_bounds(out: &mut Object) {
    for (inclusive, exclusive, sign) in
        [("minimum", "exclusiveMinimum", 1.0), ("maximum", "exclusiveMaximum", -1.0)]
    {
        let bound = |key: &str| out.get(key).and_then(Value::as_f64).map(|bound| bound * sign);
        let Some(excluded) = bound(exclusive).filter(|bound| *bound >= 0.0) else { continue };
        let next = if excluded == 0.0 { LEAST } else { excluded.next_up() };
        let least = bound(inclusive).map_or(next, |other| other.max(next));
        out.remove(exclusive);
        out.insert(inclusive.to_owned(), (least * sign).into());
    }
}

pub(super) fn count(value: &Value) -> Result<Value, String> {
    let whole = values::number(value)?.as_u64().filter(|count| *count <= COUNT_MAX);
    whole.map(Value::from).ok_or_else(|| format!("expected a whole number from 0 to {COUNT_MAX}"))
}

/// `minProperties`. A name that is written twice is one property, so only one beyond those required can be promised.
pub(super) fn least(value: &Value, out: &Object) -> Result<Value, String> {
    let least = count(value)?;
    let required = out.get("required").and_then(Value::as_array).map_or(0, Vec::len) as u64;
    if least.as_u64() > Some(required + 1) {
        return Err(format!(
            "minProperties is supported up to one more than are required, here {}",
            required + 1
        ));
    }
    Ok(least)
}

/// A format becomes a pattern, beside the schema's own if it has one.
pub(super) fn format(value: &Value, out: &mut Object) -> Result<(), String> {
    let name = value.as_str().ok_or("expected a string")?;
    let pattern = formats::pattern(name)
        .ok_or_else(|| format!("this format is not supported, only {} are", formats::names()))?;
    let (pattern, _) = pattern::translate(&pattern)?;
    if out.contains_key("pattern") {
        out.insert("allOf".to_owned(), json!([{"pattern": pattern}]));
    } else {
        out.insert("pattern".to_owned(), pattern.into());
    }
    Ok(())
}
