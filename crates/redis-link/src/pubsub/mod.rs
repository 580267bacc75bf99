//! Subscriptions that outlast their connection.

mod registry;
mod subscriber;
mod subscription;
mod task;

pub(crate) use subscriber::Subscriber;
pub use subscription::{Event, Subscription};
