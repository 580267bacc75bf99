//! The settings as a table: for the docs, and with the values of this start.

use std::fmt::{self, Write};

use clap::{Arg, ArgMatches};

use super::layered::Layered;
use super::secret::masked;
use super::settings::{self, ENVIRONMENT};

/// Which layer a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// A variable of the environment.
    Environment,
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::Flag => "flag",
        })
    }
}

/// One setting of this start, fit to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Value {
    /// The variable, or the flag of a setting that has none.
    pub name: String,
    /// What was given, secrets masked; `None` where nothing is set.
    pub shown: Option<String>,
    /// Which layer it came from.
    pub source: Source,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown.as_deref().unwrap_or("(unset)");
        write!(f, "{:<24} {:<12} {shown}", self.name, self.source)
    }
}

/// Returns each setting's value and where it came from.
pub(crate) fn values(layered: &Layered, matches: &ArgMatches) -> Vec<Value> {
    layered
        .settings()
        .map(|(arg, variable)| {
            let id = arg.get_id().as_str();
            Value {
                name: variable.map_or_else(|| flag(arg), str::to_owned),
                shown: given(matches, id).map(|value| {
                    if arg.is_hide_env_values_set() { masked(id, &value) } else { value }
                }),
                source: layered.source(matches, id),
            }
        })
        .collect()
}

fn given(matches: &ArgMatches, id: &str) -> Option<String> {
    let value = matches.try_get_raw(id).ok()??.next()?;
    // TOML may have lines; each setting has one here.
    Some(value.to_string_lossy().replace(['\r', '\n'], " "))
}

/// Renders the settings as a Markdown table, one row each.
#[must_use]
pub fn markdown() -> String {
    let mut table = String::from("| Variable | Flag | Default | Meaning |\n|---|---|---|---|\n");
    for arg in settings::command().get_arguments() {
        let variable = match arg.get_env().and_then(|name| name.to_str()) {
            Some(name) if name == ENVIRONMENT.0 => format!("`{name}`, `{}`", ENVIRONMENT.1),
            Some(name) => format!("`{name}`"),
            None => String::new(),
        };
        let default = match arg.get_default_values().first() {
            Some(value) if arg.get_action().takes_values() => {
                format!("`{}`", value.to_string_lossy())
            }
            _ => String::new(),
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        // Writing into a string does not fail.
        let _ = writeln!(table, "| {variable} | `{}` | {default} | {help} |", flag(arg));
    }
    table
}

fn flag(arg: &Arg) -> String {
    arg.get_long().map(|long| format!("--{long}")).unwrap_or_default()
}
