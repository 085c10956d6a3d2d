//! Settings: the only reader of environment and configuration files. Raw → resolved, with every mistake at once.
//!
//! An option wins over its environment variable, a variable over the file, the file over the default.

mod raw;
mod resolve;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use raw::RawConfig;
pub(crate) use resolve::resolve;

use crate::cli::{Place, Serve};

/// Everything a command needs to know, valid.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    /// What the server takes; its `default_model` and `memory` serve `chat` too.
    pub(crate) server: server::Config,
    /// Compute threads of all models together.
    pub(crate) threads: usize,
    /// Filter of the process log, in `tracing`'s syntax.
    pub(crate) log: String,
}

/// The variables that count, read once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) listen: Option<String>,
    pub(crate) log: Option<String>,
    /// `$XDG_DATA_HOME`, else `$HOME/.local/share`.
    pub(crate) user_data: Option<PathBuf>,
}

impl Environment {
    /// Reads the process's environment. An empty variable counts as absent.
    pub(crate) fn read() -> Self {
        let path = |name| variable(name).map(PathBuf::from);
        Self {
            config: path("OUTCROP_CONFIG"),
            data_dir: path("OUTCROP_DATA_DIR"),
            listen: variable("OUTCROP_LISTEN"),
            log: variable("OUTCROP_LOG"),
            user_data: path("XDG_DATA_HOME")
                .or_else(|| path("HOME").map(|home| home.join(".local/share"))),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this file is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Loads and resolves the settings of `serve`.
///
/// # Errors
/// All mistakes together.
pub(crate) fn load(serve: &Serve) -> Result<Config, Mistakes> {
    let environment = Environment::read();
    let file = serve.place.config.clone().or_else(|| environment.config.clone());
    let raw = match &file {
        Some(path) => read_file(path)?,
        None => RawConfig::default(),
    };
    resolve(raw, file.as_deref(), serve, &environment)
}

/// Loads and resolves the settings of a command that only has a [`Place`].
///
/// # Errors
/// All mistakes together.
pub(crate) fn load_place(place: &Place) -> Result<Config, Mistakes> {
    load(&Serve { place: place.clone(), ..Serve::default() })
}

fn read_file(path: &Path) -> Result<RawConfig, Mistakes> {
    let one = |reason: String| Mistakes(vec![Mistake { at: path.display().to_string(), reason }]);
    let text = std::fs::read_to_string(path).map_err(|error| one(error.to_string()))?;
    toml::from_str(&text).map_err(|error| one(error.to_string().trim_end().to_owned()))
}

/// One thing that is wrong in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Option, variable or key.
    pub(crate) at: String,
    /// What is wrong with it, and what would be right.
    pub(crate) reason: String,
}

/// Everything that is wrong in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistakes(pub(crate) Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is wrong:")?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {}: {}", mistake.at, mistake.reason))
    }
}

impl std::error::Error for Mistakes {}
