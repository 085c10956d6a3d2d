//! Keeps a caller's texts from becoming control tokens, whatever a template does with them.
//!
//! Before rendering, each character of a caller's text with which a control token's text could begin there is replaced
//! by a stand-in: a private-use character that occurs in none of the texts. A template can trim, split, upper-case or
//! join the texts; the stand-in stays what it is. The rendered text is cut at control tokens, then the stand-ins
//! become the characters that they stand for.

use std::collections::{BTreeMap, BTreeSet};

use crate::ChatError;

/// Private-use planes 15 and 16 without their last two code points each.
const PRIVATE: [std::ops::RangeInclusive<u32>; 2] = [0xF_0000..=0xF_FFFD, 0x10_0000..=0x10_FFFD];

/// First characters of control tokens' texts, each with the second characters that may follow, in lower case; `None`
/// for a text of one character.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leads {
    leads: BTreeMap<char, BTreeSet<Option<char>>>,
}

impl Leads {
    pub(crate) fn new<'t>(controls: impl Iterator<Item = &'t str>) -> Self {
        let mut leads: BTreeMap<char, BTreeSet<Option<char>>> = BTreeMap::new();
        for control in controls {
            let mut chars = control.chars();
            let Some(first) = chars.next() else { continue };
            let second = chars.next().map(lower);
            // A template may change the case of a text, and so that of the first character.
            for first in [first, lower(first), upper(first)] {
                leads.entry(first).or_default().insert(second);
            }
        }
        Self { leads }
    }

    /// Whether the character at the start of `rest` must not be let through.
    fn holds(&self, c: char, rest: &str) -> bool {
        let Some(seconds) = self.leads.get(&c) else { return false };
        seconds.contains(&None)
            || rest.chars().next().is_some_and(|next| seconds.contains(&Some(lower(next))))
            // At the end of a text, white space aside, another text may follow at once.
            || rest.trim_start().is_empty()
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn upper(c: char) -> char {
    c.to_uppercase().next().unwrap_or(c)
}

/// The stand-ins of one request.
#[derive(Clone, Debug)]
pub(crate) struct Escape<'l> {
    leads: &'l Leads,
    forth: BTreeMap<char, char>,
    back: BTreeMap<char, char>,
}

impl<'l> Escape<'l> {
    /// `texts` are all texts of the request, and the template's source.
    pub(crate) fn new<'t>(
        leads: &'l Leads,
        texts: impl Iterator<Item = &'t str>,
    ) -> Result<Self, ChatError> {
        let used: BTreeSet<u32> = texts
            .flat_map(str::chars)
            .map(u32::from)
            .filter(|code| *code >= *PRIVATE[0].start())
            .collect();
        let mut free = PRIVATE
            .into_iter()
            .flatten()
            .filter(|code| !used.contains(code))
            .filter_map(char::from_u32);
        let mut escape = Self { leads, forth: BTreeMap::new(), back: BTreeMap::new() };
        for lead in leads.leads.keys() {
            let stand_in = free.next().ok_or(ChatError::TooLarge)?;
            escape.forth.insert(*lead, stand_in);
            escape.back.insert(stand_in, *lead);
        }
        Ok(escape)
    }

    /// The text with stand-ins.
    pub(crate) fn hide(&self, text: &str) -> String {
        let mut hidden = String::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            let rest = &text[at + c.len_utf8()..];
            match self.forth.get(&c) {
                Some(stand_in) if self.leads.holds(c, rest) => hidden.push(*stand_in),
                _ => hidden.push(c),
            }
        }
        hidden
    }

    /// The same for every text in a JSON value, keys included.
    pub(crate) fn hide_json(&self, value: &serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::String(text) => Value::String(self.hide(text)),
            Value::Array(items) => items.iter().map(|item| self.hide_json(item)).collect(),
            Value::Object(map) => {
                map.iter().map(|(key, value)| (self.hide(key), self.hide_json(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// The text without stand-ins.
    pub(crate) fn show(&self, text: &str) -> String {
        text.chars().map(|c| self.back.get(&c).copied().unwrap_or(c)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONTROLS: [&str; 4] = ["<|end|>", "<|user|>", "[INST]", "</s>"];

    #[test]
    fn only_possible_beginnings_are_hidden() {
        let leads = Leads::new(CONTROLS.into_iter());
        let escape = Escape::new(&leads, std::iter::empty()).unwrap();
        assert_eq!(escape.hide("a < b <b> [1] <think>"), "a < b <b> [1] <think>");
        assert_ne!(escape.hide("<|"), "<|");
        assert_ne!(escape.hide("<"), "<", "another text may follow");
        assert_ne!(escape.hide("[ \n"), "[ \n", "another text may follow a trimmed one");
        assert_ne!(escape.hide("[inst]"), "[inst]", "a template may upper-case it");
    }

    proptest! {
        #[test]
        fn hidden_texts_hold_no_control_and_come_back(
            texts in prop::collection::vec("(<\\||end\\|>|<|\\||>|\\[INST\\]|</s>|[a\u{F0000}\u{F0001} ]){0,8}", 1..4),
        ) {
            let leads = Leads::new(CONTROLS.into_iter());
            let escape = Escape::new(&leads, texts.iter().map(String::as_str)).unwrap();
            let hidden: Vec<String> = texts.iter().map(|text| escape.hide(text)).collect();
            for glue in ["", " "] {
                let joined = hidden.iter().map(|text| text.trim()).collect::<Vec<_>>().join(glue);
                for text in [&joined, &joined.to_uppercase(), &joined.to_lowercase()] {
                    for control in CONTROLS {
                        prop_assert!(!text.contains(control), "{text:?}");
                    }
                }
            }
            for (text, hidden) in texts.iter().zip(&hidden) {
                prop_assert_eq!(text, &escape.show(hidden));
            }
        }
    }
}
