mod config;
mod link;
mod server;

pub use config::ConfigError;
pub use link::LinkError;
pub(crate) use link::Sent;
pub use server::ServerError;
