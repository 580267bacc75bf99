#![doc = include_str!("../README.md")]

mod arg;
mod audience;
mod breaker;
mod call;
mod command;
mod config;
mod connection;
mod error;
mod link;
mod observe;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;
mod pubsub;
mod queue;
mod reply;
mod script;
mod shared;
mod value;

#[cfg(feature = "opentelemetry")]
pub use crate::opentelemetry::OpenTelemetryObserver;
pub use arg::Arg;
pub use breaker::{BreakerConfig, BreakerState};
pub use command::Command;
pub use config::Config;
pub use connection::{Epoch, EpochWatch, LinkState, Outage};
pub use error::{ConfigError, LinkError, ServerError};
pub use link::Link;
pub use observe::{
    BreakerClosed, BreakerHalfOpened, BreakerOpened, CommandDone, Connected, Disconnected,
    Observer, Outcome,
};
pub use pubsub::{Event, Subscription};
pub use script::Script;
pub use value::Value;
