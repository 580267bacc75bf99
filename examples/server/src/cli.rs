//! The program's subcommands and what stands around them.

use std::ffi::OsString;
use std::fmt;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Config, ConfigError, Layered, Settings, Value, values};

/// What the program was asked to do, and with which configuration.
#[derive(Debug)]
#[non_exhaustive]
pub struct Invocation {
    /// What to do.
    pub task: Task,
    /// The configuration to do it with.
    pub config: Config,
    /// Each setting and where it came from, for `config`.
    pub values: Vec<Value>,
}

/// The subcommands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Subcommand)]
pub enum Task {
    /// Serves requests until a signal to stop (the default)
    #[default]
    Serve,
    /// Brings the database's tables up to date
    Migrate,
    /// Fills an empty database with the demo data
    Seed,
    /// Prints each setting and where it came from, secrets masked
    Config {
        /// Prints the table of the docs instead
        #[arg(long)]
        table: bool,
    },
    /// Prints the routes
    Routes,
    /// Prints the layers in their effective order
    Layers,
    /// Asks the running server whether it lives, for a container
    Healthcheck,
}

/// Why there is nothing to do.
#[derive(Debug)]
pub enum Stop {
    /// The help was asked for; it goes to standard output.
    Help(String),
    /// The configuration or the arguments are wrong.
    Wrong(ConfigError),
}

impl From<ConfigError> for Stop {
    fn from(error: ConfigError) -> Self {
        Self::Wrong(error)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Help(text) => f.write_str(text),
            Self::Wrong(error) => error.fmt(f),
        }
    }
}

/// The reference server of bartizan
#[derive(Debug, Parser)]
#[command(name = "bartizan-server")]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    task: Option<Task>,
}

impl Invocation {
    /// Reads the arguments, the program's name first, and the variables behind `variable`.
    ///
    /// # Errors
    ///
    /// The help where it is asked for, else what is wrong and what was expected.
    pub fn parse<A>(
        arguments: impl IntoIterator<Item = A>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Stop>
    where
        A: Into<OsString> + Clone,
    {
        let layered = Layered::over(Arguments::command(), variable)?;
        let read = || {
            let matches = layered.parse(arguments)?;
            let arguments = Arguments::from_arg_matches(&matches)?;
            Ok((matches, arguments))
        };
        let (matches, arguments) = read().map_err(|error: clap::Error| {
            if error.use_stderr() {
                Stop::Wrong(layered.explain(&error))
            } else {
                Stop::Help(error.to_string())
            }
        })?;
        layered.check(&matches, &arguments.settings)?;
        Ok(Self {
            task: arguments.task.unwrap_or_default(),
            values: values(&layered, &matches),
            config: Config::from_settings(arguments.settings)?,
        })
    }
}
