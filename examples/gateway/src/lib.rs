//! A reverse proxy that puts the layers of bartizan in front of any HTTP upstream; see the README.

mod cache;
pub mod cli;
pub mod config;
mod front;
mod gateway;
mod optional;
mod proxy;
mod purge;
pub mod serve;
mod stack;
pub mod telemetry;

pub use self::config::{Config, ConfigError};
pub use self::gateway::{Gateway, StartError};
pub use self::serve::{Drained, StopHandle, StopSignal};
