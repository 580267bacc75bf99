//! Log lines on standard error: JSON in production, readable elsewhere.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::{Config, Environment};

/// The target of what this crate logs, which `LOG_LEVEL` may name.
pub const TARGET: &str = "bartizan::server";

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For the eye, with colours.
    Coloured,
    /// For the eye, without.
    Plain,
}

/// Makes the process log as configured.
///
/// # Errors
///
/// Another subscriber was installed before.
pub fn install(config: &Config) -> Result<(), SetGlobalDefaultError> {
    let format = match config.environment {
        Environment::Production => Format::Json,
        _ if io::stderr().is_terminal() => Format::Coloured,
        _ => Format::Plain,
    };
    let subscriber = subscriber(format, config.log.to_targets(), io::stderr);
    tracing::subscriber::set_global_default(subscriber)
}

/// Builds the subscriber over any writer.
pub fn subscriber<W>(
    format: Format,
    filter: Targets,
    writer: W,
) -> impl Subscriber + Send + Sync + 'static
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        Format::Coloured => lines.with_ansi(true).boxed(),
        Format::Plain => lines.with_ansi(false).boxed(),
    };
    // A filter on the layer, not a layer of its own: disabled callsites stay cached as such.
    Registry::default().with(lines.with_filter(filter))
}
