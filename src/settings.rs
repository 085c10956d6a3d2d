//! What `/set` of `outcrop chat` and the axes of `outcrop tune` can change: one row a setting.

use engine::SamplingParams;

use crate::presets::Preset;

/// Tokens of an answer, unless set.
const DEFAULT_MAX_TOKENS: usize = 1024;

/// All settings of a session.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    sampling: SamplingParams,
    max_tokens: usize,
    stop: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sampling: SamplingParams::default(),
            max_tokens: DEFAULT_MAX_TOKENS,
            stop: Vec::new(),
        }
    }
}

/// One setting: its name, what is legal, how to set it and how to show it.
struct Row {
    name: &'static str,
    legal: &'static str,
    /// Whether the text was legal; if not, nothing changes.
    set: fn(&mut Settings, &str) -> bool,
    show: fn(&Settings) -> String,
}

const ROWS: &[Row] = &[
    Row {
        name: "temperature",
        legal: "0 to 2; 0 takes the most likely token",
        set: |s, text| put(&mut s.sampling.temperature, number(text, 0.0, 2.0)),
        show: |s| s.sampling.temperature.to_string(),
    },
    Row {
        name: "top_p",
        legal: "0 to 1; 1 is off",
        set: |s, text| put(&mut s.sampling.top_p, number(text, 0.0, 1.0)),
        show: |s| s.sampling.top_p.to_string(),
    },
    Row {
        name: "top_k",
        legal: "a count; 0 is off",
        set: |s, text| put(&mut s.sampling.top_k, text.parse().ok()),
        show: |s| s.sampling.top_k.to_string(),
    },
    Row {
        name: "min_p",
        legal: "0 to 1; 0 is off",
        set: |s, text| put(&mut s.sampling.min_p, number(text, 0.0, 1.0)),
        show: |s| s.sampling.min_p.to_string(),
    },
    Row {
        name: "presence_penalty",
        legal: "-2 to 2; 0 is off",
        set: |s, text| put(&mut s.sampling.presence_penalty, number(text, -2.0, 2.0)),
        show: |s| s.sampling.presence_penalty.to_string(),
    },
    Row {
        name: "frequency_penalty",
        legal: "-2 to 2; 0 is off",
        set: |s, text| put(&mut s.sampling.frequency_penalty, number(text, -2.0, 2.0)),
        show: |s| s.sampling.frequency_penalty.to_string(),
    },
    Row {
        name: "repetition_penalty",
        legal: "0.01 to 2; 1 is off",
        set: |s, text| put(&mut s.sampling.repetition_penalty, number(text, 0.01, 2.0)),
        show: |s| s.sampling.repetition_penalty.to_string(),
    },
    Row {
        name: "seed",
        legal: "a whole number; unset draws a new one each turn",
        set: |s, text| put(&mut s.sampling.seed, text.parse().ok().map(Some)),
        show: |s| s.sampling.seed.map_or("drawn".to_owned(), |seed| seed.to_string()),
    },
    Row {
        name: "max_tokens",
        legal: "1 or more",
        set: |s, text| put(&mut s.max_tokens, text.parse().ok().filter(|tokens| *tokens > 0)),
        show: |s| s.max_tokens.to_string(),
    },
    Row {
        name: "stop",
        legal: "a text that ends the answer; unset for none",
        set: |s, text| put(&mut s.stop, (!text.is_empty()).then(|| vec![text.to_owned()])),
        show: |s| s.stop.first().map_or("none".to_owned(), |stop| format!("{stop:?}")),
    },
];

impl Settings {
    /// Changes one setting; says what it is now.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<String, String> {
        let row = find(name)?;
        if !(row.set)(self, value) {
            return Err(format!("{name} is {}", row.legal));
        }
        Ok(format!("{name} is {}", (row.show)(self)))
    }

    /// Puts one setting back to its default.
    ///
    /// # Errors
    /// The names that there are.
    pub(crate) fn unset(&mut self, name: &str) -> Result<String, String> {
        let row = find(name)?;
        let default = Self::default();
        match name {
            "seed" => self.sampling.seed = None,
            "stop" => self.stop.clear(),
            _ => {
                (row.set)(self, &(row.show)(&default));
            }
        }
        Ok(format!("{name} is {}", (row.show)(self)))
    }

    /// One setting's value, as `set` takes it.
    ///
    /// # Errors
    /// The names that there are.
    pub(crate) fn get(&self, name: &str) -> Result<String, String> {
        Ok((find(name)?.show)(self))
    }

    /// Puts the settings that presets name to those of `preset`, the others of them to their defaults. Seed and stop text
    /// stay.
    ///
    /// # Errors
    /// Never, as long as the presets hold what is legal.
    pub(crate) fn apply(&mut self, preset: &Preset) -> Result<(), String> {
        let kept = ["seed", "stop"];
        for row in ROWS.iter().filter(|row| !kept.contains(&row.name)) {
            self.unset(row.name)?;
        }
        for (name, value) in preset.settings {
            self.set(name, value)?;
        }
        Ok(())
    }

    /// All settings with their values and what is legal.
    pub(crate) fn show(&self) -> String {
        let lines = ROWS
            .iter()
            .map(|row| format!("{:<20} {:<10} {}", row.name, (row.show)(self), row.legal));
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn sampling(&self) -> SamplingParams {
        self.sampling.clone()
    }

    pub(crate) fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    pub(crate) fn stop_sequences(&self) -> Vec<String> {
        self.stop.clone()
    }
}

fn find(name: &str) -> Result<&'static Row, String> {
    ROWS.iter().find(|row| row.name == name).ok_or_else(|| {
        let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        format!("there is no setting {name:?}; there are {}", names.join(", "))
    })
}

/// Puts a value, if there is one, in its place.
fn put<T>(place: &mut T, value: Option<T>) -> bool {
    value.map(|value| *place = value).is_some()
}

/// A number within bounds.
fn number(text: &str, least: f32, most: f32) -> Option<f32> {
    text.parse().ok().filter(|number: &f32| (least..=most).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_takes_back_what_it_shows() {
        for row in ROWS.iter().filter(|row| !["seed", "stop"].contains(&row.name)) {
            let mut settings = Settings::default();
            let shown = (row.show)(&settings);
            assert!(settings.set(row.name, &shown).is_ok(), "{} {shown}", row.name);
        }
    }

    #[test]
    fn a_wrong_value_changes_nothing_and_says_what_is_legal() {
        let mut settings = Settings::default();
        for (name, value) in
            [("temperature", "hot"), ("temperature", "NaN"), ("top_p", "1.1"), ("max_tokens", "0")]
        {
            let before = settings.show();
            let reason = settings.set(name, value).unwrap_err();
            assert!(reason.starts_with(name), "{reason}");
            assert_eq!(settings.show(), before);
        }
        assert!(settings.set("warmth", "1").unwrap_err().contains("temperature"));
    }

    #[test]
    fn unset_goes_back_to_the_default() {
        let mut settings = Settings::default();
        for (name, value) in
            [("temperature", "0.2"), ("seed", "7"), ("stop", "END"), ("max_tokens", "9")]
        {
            settings.set(name, value).unwrap();
            settings.unset(name).unwrap();
        }
        assert_eq!(settings.show(), Settings::default().show());
        assert_eq!(settings.sampling().seed, None);
    }
}
