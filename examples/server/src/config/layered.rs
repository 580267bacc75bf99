//! Flags over variables over defaults.

use std::error::Error;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::secret::masked;
use super::settings::{ENVIRONMENT, REQUIRED_IN_PRODUCTION};
use super::{ConfigError, Environment, Settings, Source};

/// A command whose defaults are what the environment says.
///
/// clap reads the process environment by itself, takes an empty variable for a value and
/// names the flag where a variable was wrong. So the variables are taken from it here and
/// come back as defaults.
#[derive(Debug)]
pub(crate) struct Layered {
    command: Command,
    variables: Vec<Variable>,
}

/// The variable of a setting, and the name under which it was given, where it was.
#[derive(Debug)]
struct Variable {
    setting: String,
    name: String,
    given: Option<String>,
}

impl Layered {
    /// Puts what `variable` says in the place of the defaults of `command`.
    pub(crate) fn over(
        command: Command,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let read = |name: &str| {
            let value = variable(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let (name, other) = ENVIRONMENT;
        if let (Some(first), Some(second)) = (read(name), read(other))
            && first != second
        {
            return Err(ConfigError::contradiction(other, name));
        }

        let mut variables = Vec::new();
        let command = command.mut_args(|arg| {
            let Some(name) = variable_of(&arg) else { return arg.global(true) };
            let given = names(&name).find_map(|name| Some((name.to_owned(), read(name)?)));
            let (given, value) = given.unzip();
            let help = arg.get_help().map(|help| format!("{help} [env: {name}]"));
            variables.push(Variable { setting: arg.get_id().to_string(), name, given });
            let arg = arg.global(true).env(None::<&str>).help(help.unwrap_or_default());
            match value {
                // The help would print a secret as its default.
                Some(value) => arg.default_value(value).hide_default_value(true),
                None => arg,
            }
        });
        Ok(Self { command, variables })
    }

    /// Parses the arguments; what the help says on request is an error too.
    pub(crate) fn parse<A>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<ArgMatches, clap::Error>
    where
        A: Into<OsString> + Clone,
    {
        self.command.clone().try_get_matches_from(arguments)
    }

    /// Checks what is needed in production only.
    pub(crate) fn check(
        &self,
        matches: &ArgMatches,
        settings: &Settings,
    ) -> Result<(), ConfigError> {
        if settings.environment != Environment::Production {
            return Ok(());
        }
        let is_missing = |name: &&str| {
            self.variables.iter().any(|variable| {
                variable.name == *name && self.source(matches, &variable.setting) == Source::Default
            })
        };
        let missing: Vec<_> = REQUIRED_IN_PRODUCTION.into_iter().filter(is_missing).collect();
        if missing.is_empty() { Ok(()) } else { Err(ConfigError::missing(missing)) }
    }

    /// Says which layer the value of a setting came from.
    pub(super) fn source(&self, matches: &ArgMatches, setting: &str) -> Source {
        let variable = self.variables.iter().find(|variable| variable.setting == setting);
        match (matches.value_source(setting), variable) {
            (Some(ValueSource::CommandLine), _) => Source::Flag,
            (_, Some(Variable { given: Some(_), .. })) => Source::Environment,
            _ => Source::Default,
        }
    }

    /// Returns the settings with the names of their variables.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&Arg, Option<&str>)> {
        self.command.get_arguments().map(|arg| {
            let variable = self.variables.iter().find(|variable| variable.setting == *arg.get_id());
            (arg, variable.map(|variable| variable.name.as_str()))
        })
    }

    /// Words an error of clap for whoever set a variable or a flag.
    pub(crate) fn explain(&self, error: &clap::Error) -> ConfigError {
        self.wrong_value(error).unwrap_or_else(|| {
            let text = error.to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            ConfigError::arguments(text.trim_end().to_owned())
        })
    }

    fn wrong_value(&self, error: &clap::Error) -> Option<ConfigError> {
        let expected = error.source()?.to_string();
        let ContextValue::String(usage) = error.get(ContextKind::InvalidArg)? else { return None };
        let ContextValue::String(got) = error.get(ContextKind::InvalidValue)? else { return None };
        // `--port <PORT>`
        let flag = usage.split(' ').next()?;
        let long = flag.strip_prefix("--")?;
        let arg = self.command.get_arguments().find(|arg| arg.get_long() == Some(long))?;
        let variable = self.variables.iter().find(|variable| variable.setting == *arg.get_id());
        let given = variable.and_then(|variable| variable.given.clone());
        // The variable's value stands in the place of the default, so that tells them apart.
        let is_default = arg.get_default_values().iter().any(|value| *value == got.as_str());
        let setting = given.filter(|_| is_default).unwrap_or_else(|| flag.to_owned());
        let id = arg.get_id().as_str();
        let got = if arg.is_hide_env_values_set() { shown(id, got) } else { Some(got.clone()) };
        Some(ConfigError::wrong(setting, expected, got))
    }
}

/// What of a wrong secret helps and does no harm.
fn shown(setting: &str, secret: &str) -> Option<String> {
    let masked = masked(setting, secret);
    (masked != super::secret::MASK).then_some(masked)
}

fn variable_of(arg: &Arg) -> Option<String> {
    Some(arg.get_env()?.to_str()?.to_owned())
}

/// The names under which a variable is looked for.
fn names(name: &str) -> impl Iterator<Item = &str> {
    let (first, second) = ENVIRONMENT;
    [name].into_iter().chain((name == first).then_some(second))
}
