//! The program's arguments.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use clap::Parser;

use crate::config::{Config, ConfigError, Overrides};

/// What the program was asked to do, and with which configuration.
#[derive(Debug)]
#[non_exhaustive]
pub struct Invocation {
    /// What to do.
    pub task: Task,
    /// The configuration to do it with.
    pub config: Config,
}

/// What the program can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Serve until it is told to stop.
    Serve,
    /// Print the effective values.
    PrintConfig,
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

/// The layers of bartizan in front of any HTTP upstream
#[derive(Debug, Parser)]
#[command(name = "bartizan-gateway")]
struct Arguments {
    #[arg(
        help = "Where requests are sent: http://HOST[:PORT]",
        long,
        env = "BARTIZAN_UPSTREAM",
        value_name = "URL"
    )]
    upstream: Option<String>,
    /// The address that is listened on
    #[arg(long, env = "BARTIZAN_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,
    /// A file in TOML
    #[arg(long, env = "BARTIZAN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Events from this level on: error, warn, info, debug or trace
    #[arg(long, env = "BARTIZAN_LOG", value_name = "LEVEL")]
    log: Option<String>,
    /// Prints the effective values and ends
    #[arg(long)]
    print_config: bool,
    /// The Redis of the cache; a variable, since arguments can be read by others
    #[arg(env = "BARTIZAN_REDIS_URL", hide = true, hide_env_values = true, long)]
    redis_url: Option<String>,
    /// The token of the purge endpoint
    #[arg(env = "BARTIZAN_PURGE_TOKEN", hide = true, hide_env_values = true, long)]
    purge_token: Option<String>,
}

impl Invocation {
    /// Reads the arguments, the program's name first, and the file that they name.
    ///
    /// # Errors
    ///
    /// The help where it is asked for, else what is wrong and what was expected.
    pub fn parse<A>(arguments: impl IntoIterator<Item = A>) -> Result<Self, Stop>
    where
        A: Into<OsString> + Clone,
    {
        let arguments = Arguments::try_parse_from(arguments).map_err(|error| {
            let text = error.to_string();
            if error.use_stderr() {
                let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
                Stop::Wrong(ConfigError::arguments(text.to_owned()))
            } else {
                Stop::Help(text)
            }
        })?;
        let file = arguments.config.filter(|path| !path.as_os_str().is_empty());
        let text = match file {
            Some(path) => {
                fs::read_to_string(&path).map_err(|source| ConfigError::file(path, source))?
            }
            None => String::new(),
        };
        let overrides = Overrides {
            upstream: given(arguments.upstream),
            listen: given(arguments.listen),
            log: given(arguments.log),
            redis_url: given(arguments.redis_url),
            purge_token: given(arguments.purge_token),
        };
        let config = Config::parse(&text, overrides)?;
        let task = if arguments.print_config { Task::PrintConfig } else { Task::Serve };
        Ok(Self { task, config })
    }
}

/// An empty variable is as if absent.
fn given(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}
