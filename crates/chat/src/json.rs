//! `tojson` as Hugging Face templates know it: Python's `json.dumps(value, ensure_ascii=False)`.

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Error, ErrorKind, Value};

/// Deepest nesting written.
const MAX_DEPTH: usize = 128;

struct Style {
    /// Spaces per level; `None` is one line.
    indent: Option<usize>,
    item: String,
    key: String,
    ascii: bool,
    sort: bool,
}

/// The filter: `tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)`; a number in the first
/// place is the indent, as in plain Jinja.
#[expect(clippy::needless_pass_by_value, reason = "the signature of filters")]
pub(crate) fn tojson(value: &Value, args: Rest<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    let positional = args.first().filter(|value| value.kind() == ValueKind::Number);
    let indent: Option<Value> = kwargs.get("indent")?;
    let indent = indent.as_ref().or(positional).and_then(Value::as_usize);
    let separators: Option<Vec<String>> = kwargs.get("separators")?;
    let ascii: Option<bool> = kwargs.get("ensure_ascii")?;
    let sort: Option<bool> = kwargs.get("sort_keys")?;
    kwargs.assert_all_used()?;
    let (item, key) = match separators.as_deref() {
        Some([item, key]) => (item.clone(), key.clone()),
        Some(_) => return Err(invalid("tojson: separators must be a pair")),
        // With an indent Python puts no space at the end of a line.
        None if indent.is_some() => (",".into(), ": ".into()),
        None => (", ".into(), ": ".into()),
    };
    let style = Style { indent, item, key, ascii: ascii == Some(true), sort: sort == Some(true) };
    let mut out = String::new();
    write(&style, value, 0, &mut out)?;
    Ok(Value::from(out))
}

fn invalid(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

fn write(style: &Style, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(invalid("tojson: nested too deeply"));
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => out.push_str(&number(value)),
        ValueKind::String => write_text(style, value.as_str().unwrap_or_default(), out),
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            let mut items = value.try_iter()?.enumerate().peekable();
            let empty = items.peek().is_none();
            for (index, item) in items {
                before(style, index, depth, out);
                write(style, &item, depth + 1, out)?;
            }
            if !empty {
                line(style, depth, out);
            }
            out.push(']');
        }
        ValueKind::Map => write_map(style, value, depth, out)?,
        _ => return Err(invalid("tojson: not a JSON value")),
    }
    Ok(())
}

fn write_map(style: &Style, map: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
    let mut keys: Vec<Value> = map.try_iter()?.collect();
    if style.sort {
        keys.sort();
    }
    out.push('{');
    for (index, key) in keys.iter().enumerate() {
        before(style, index, depth, out);
        match key.as_str() {
            Some(text) => write_text(style, text, out),
            None => write_text(style, &key.to_string(), out),
        }
        out.push_str(&style.key);
        write(style, &map.get_item(key)?, depth + 1, out)?;
    }
    if !keys.is_empty() {
        line(style, depth, out);
    }
    out.push('}');
    Ok(())
}

/// A line break and the indent of this depth, if there is one.
fn line(style: &Style, depth: usize, out: &mut String) {
    if let Some(indent) = style.indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent.saturating_mul(depth).min(1024)));
    }
}

/// What stands before the item of this index.
fn before(style: &Style, index: usize, depth: usize, out: &mut String) {
    if index > 0 {
        out.push_str(&style.item);
    }
    line(style, depth + 1, out);
}

/// A number as Python writes it.
fn number(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    let Ok(x) = f64::try_from(value.clone()) else { return value.to_string() };
    if x.is_nan() {
        return "NaN".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    // Python's repr: shortest digits; an exponent below 1e-4 and from 1e16 on, with at least two digits.
    let scientific = format!("{x:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if x != 0.0 && !(-4..16).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ if x.fract() == 0.0 => format!("{x:.1}"),
        _ => format!("{x}"),
    }
}

/// A text in quotes.
fn write_text(style: &Style, text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            // Stand-ins (see `escape`) are ASCII characters in the end.
            c if style.ascii && !c.is_ascii() && u32::from(c) < 0xF_0000 => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A text as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    let style =
        Style { indent: None, item: String::new(), key: String::new(), ascii: false, sort: false };
    let mut out = String::new();
    write_text(&style, text, &mut out);
    out
}

/// A value as `json.dumps` writes it, `null` should it be nested too deeply.
pub(crate) fn dumps(value: &serde_json::Value) -> String {
    let style =
        Style { indent: None, item: ", ".into(), key: ": ".into(), ascii: false, sort: false };
    let mut out = String::new();
    let value = Value::from(minijinja::value::Serde(value));
    if write(&style, &value, 0, &mut out).is_ok() { out } else { "null".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str, value: serde_json::Value) -> String {
        let mut env = minijinja::Environment::new();
        env.add_filter("tojson", tojson);
        env.render_str(
            template,
            minijinja::context! { v => Value::from(minijinja::value::Serde(value)) },
        )
        .unwrap()
    }

    #[test]
    fn as_python_writes_it() {
        let value = serde_json::json!({
            "b": [1, -2.5, 1.0, 1e16, 1e-5, 0.0001, 123456789.125, true, null, [], {}],
            "a": "é \"<|end|>\" \\ \n \u{1} \u{7f} 🦀 'x' &",
        });
        assert_eq!(
            render("{{ v | tojson }}", value.clone()),
            "{\"b\": [1, -2.5, 1.0, 1e+16, 1e-05, 0.0001, 123456789.125, true, null, [], {}], \
             \"a\": \"é \\\"<|end|>\\\" \\\\ \\n \\u0001 \u{7f} 🦀 'x' &\"}"
        );
        let small = serde_json::json!({"b": [1, {"c": "é🦀"}], "a": []});
        assert_eq!(
            render("{{ v | tojson(indent=2) }}", small.clone()),
            "{\n  \"b\": [\n    1,\n    {\n      \"c\": \"é🦀\"\n    }\n  ],\n  \"a\": []\n}"
        );
        assert_eq!(
            render(
                "{{ v | tojson(ensure_ascii=True, sort_keys=True, separators=(',', ':')) }}",
                small
            ),
            "{\"a\":[],\"b\":[1,{\"c\":\"\\u00e9\\ud83e\\udd80\"}]}"
        );
    }
}
