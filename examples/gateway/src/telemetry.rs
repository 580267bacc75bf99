//! Events on standard error, in one line each.

use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

/// The target of what the gateway itself tells.
pub const TARGET: &str = "bartizan::gateway";

/// Writes events from `level` on to standard error.
///
/// # Errors
///
/// Something else writes them already.
pub fn install(level: Level) -> Result<(), tracing_subscriber::util::TryInitError> {
    let events = fmt::layer().with_writer(std::io::stderr);
    registry().with(LevelFilter::from_level(level)).with(events).try_init()
}
