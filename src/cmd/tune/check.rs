//! Whether an answer is the JSON that a schema describes.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

/// A JSON Schema to check with. It reads no file and no address that the schema may refer to.
pub(super) struct Check(jsonschema::Validator);

impl Check {
    /// Reads a schema.
    ///
    /// # Errors
    /// The file cannot be read, is not JSON, or is no JSON Schema.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("--schema: cannot read {}", path.display()))?;
        Self::new(&text).with_context(|| format!("--schema: {} cannot be used", path.display()))
    }

    fn new(text: &str) -> anyhow::Result<Self> {
        let schema: Value = serde_json::from_str(text).context("it is not JSON")?;
        let validator = jsonschema::validator_for(&schema);
        let validator = validator.map_err(|error| anyhow!("it is no JSON Schema: {error}"))?;
        Ok(Check(validator))
    }

    /// Whether the whole answer, white space around it aside, is one JSON value that the schema allows.
    pub(super) fn passes(&self, answer: &str) -> bool {
        let value: Result<Value, _> = serde_json::from_str(answer.trim());
        value.is_ok_and(|value| self.0.is_valid(&value))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An object with a text `name`, and nothing else.
    pub(crate) fn name() -> Check {
        Check::new(
            r#"{"type": "object", "properties": {"name": {"type": "string"}},
                "required": ["name"], "additionalProperties": false}"#,
        )
        .unwrap()
    }

    #[test]
    fn an_answer_passes_if_all_of_it_is_what_the_schema_allows() {
        let check = name();
        assert!(check.passes(" {\"name\": \"Ada\"}\n"));
        for wrong in [
            "",
            "Ada",
            "{\"name\": 1}",
            "{}",
            "{\"name\": \"A\", \"b\": 1}",
            "{\"name\": \"A\"} ok",
        ] {
            assert!(!check.passes(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for (text, why) in [("{", "not JSON"), ("{\"type\": \"thing\"}", "no JSON Schema")] {
            let error = format!("{:#}", Check::new(text).err().unwrap());
            assert!(error.contains(why), "{error}");
        }
        let missing = Check::read(Path::new("/nowhere/schema.json")).err().unwrap();
        assert!(missing.to_string().contains("--schema: cannot read /nowhere/schema.json"));
    }
}
