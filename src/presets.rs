//! Sampling parameters for a purpose: one row each. What they do to the built-in model: `docs/presets.md`.

/// A named set of parameters; what a row does not name is at its default.
#[derive(Debug)]
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    /// One line.
    pub(crate) why: &'static str,
    /// Names and values as `/set` takes them.
    pub(crate) settings: &'static [(&'static str, &'static str)],
}

pub(crate) const PRESETS: &[Preset] = &[
    Preset {
        name: "extraction",
        why: "there is one right answer, so the most likely token is taken each time",
        settings: &[("temperature", "0")],
    },
    Preset {
        name: "classification",
        why: "the most likely label, and no room for anything after it",
        settings: &[("temperature", "0"), ("max_tokens", "16")],
    },
    Preset {
        name: "code",
        why: "little variety, and the unlikely tokens that break syntax are cut off",
        settings: &[("temperature", "0.2"), ("top_p", "0.95")],
    },
    Preset {
        name: "creative",
        why: "full variety where the model is unsure, none where it is sure: min_p cuts relative to the best token",
        settings: &[("temperature", "1"), ("min_p", "0.05")],
    },
];

/// The preset of this name.
///
/// # Errors
/// The names that there are.
pub(crate) fn find(name: &str) -> Result<&'static Preset, String> {
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
        let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        format!("there is no preset {name:?}; there are {}", names.join(", "))
    })
}

/// All of them with what they set and why, a line each.
pub(crate) fn list() -> String {
    let lines = PRESETS.iter().map(|preset| {
        let settings: Vec<_> =
            preset.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        format!("{:<15} {:<32} {}", preset.name, settings.join(", "), preset.why)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn every_preset_sets_legal_values_and_starts_from_the_defaults() {
        for preset in PRESETS {
            let mut settings = Settings::default();
            settings.set("repetition_penalty", "1.5").unwrap();
            settings.apply(preset).unwrap();
            for (name, value) in preset.settings {
                assert_eq!(settings.get(name).unwrap(), *value, "{}", preset.name);
            }
            assert_eq!(settings.get("repetition_penalty").unwrap(), "1", "{}", preset.name);
        }
    }

    #[test]
    fn an_unknown_preset_is_told_the_known_ones() {
        let reason = find("poetry").unwrap_err();
        assert!(PRESETS.iter().all(|preset| reason.contains(preset.name)), "{reason}");
    }

    #[test]
    fn every_preset_is_documented_with_its_parameters() {
        let page = include_str!("../docs/presets.md");
        for preset in PRESETS {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", preset.name)));
            let row = row.unwrap_or_else(|| panic!("docs/presets.md has no row {}", preset.name));
            for (name, value) in preset.settings {
                assert!(row.contains(&format!("`{name}` {value}")), "{row}: {name} {value}");
            }
        }
    }
}
