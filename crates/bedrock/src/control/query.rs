//! The query of a list operation.

use percent_encoding::percent_decode_str;

use crate::error::WireError;

/// Most results of a page, in the service model.
pub(super) const MAX_RESULTS: u32 = 1000;
/// Longest token of a page, in the service model.
const MAX_TOKEN: usize = 2048;

/// Gives every pair of a raw query to `set`, which tells the constraint that a value breaks. Of a repeated key the last
/// value counts.
///
/// # Errors
/// All values that are not allowed, in one message in Bedrock's words.
pub(super) fn read(
    query: &str,
    mut set: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), WireError> {
    let mut problems = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        if let Err(constraint) = set(&name, &value) {
            problems.push(format!(
                "Value '{}' at '{name}' failed to satisfy constraint: {constraint}",
                shorten(&value)
            ));
        }
    }
    match problems.len() {
        0 => Ok(()),
        1 => Err(WireError::validation(format!(
            "1 validation error detected: {}",
            problems.concat()
        ))),
        count => Err(WireError::validation(format!(
            "{count} validation errors detected: {}",
            problems.join("; ")
        ))),
    }
}

/// The value of that name, or the constraint.
pub(super) fn one_of<T: Copy>(
    value: &str,
    allowed: &[T],
    name: impl Fn(&T) -> &'static str,
) -> Result<T, String> {
    let found = allowed.iter().find(|each| name(each) == value);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = allowed.iter().map(name).collect();
        format!("Member must satisfy enum value set: [{}]", names.join(", "))
    })
}

/// `maxResults`: 1 to [`MAX_RESULTS`].
pub(super) fn max_results(value: &str) -> Result<u32, String> {
    let number: i64 = value.parse().map_err(|_| "Member must be a whole number".to_owned())?;
    if number < 1 {
        return Err("Member must have value greater than or equal to 1".to_owned());
    }
    u32::try_from(number)
        .ok()
        .filter(|number| *number <= MAX_RESULTS)
        .ok_or_else(|| format!("Member must have value less than or equal to {MAX_RESULTS}"))
}

/// `nextToken`: not blank, and of a length that a list gives.
pub(super) fn next_token(value: &str) -> Result<String, String> {
    if value.is_empty() {
        return Err("Member must have length greater than or equal to 1".to_owned());
    }
    if value.len() > MAX_TOKEN {
        return Err(format!("Member must have length less than or equal to {MAX_TOKEN}"));
    }
    Ok(value.to_owned())
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The beginning of a caller's text, without control characters.
fn shorten(text: &str) -> String {
    text.chars().filter(|each| !each.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_to_a_thousand_results() {
        assert_eq!(max_results("1"), Ok(1));
        assert_eq!(max_results("1000"), Ok(1000));
        for (value, constraint) in [
            ("0", "greater than or equal to 1"),
            ("-1", "greater than or equal to 1"),
            ("1001", "less than or equal to 1000"),
            ("5000000000", "less than or equal to 1000"),
            ("", "whole number"),
            ("ten", "whole number"),
            ("1.5", "whole number"),
        ] {
            assert!(max_results(value).unwrap_err().contains(constraint), "{value}");
        }
    }

    #[test]
    fn a_token_is_neither_empty_nor_endless() {
        assert_eq!(next_token("x"), Ok("x".to_owned()));
        assert!(next_token("").is_err());
        assert!(next_token(&"x".repeat(2049)).is_err());
    }
}
