//! A layer that refuses what costs more than is left.

mod describe;
mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::RefuseLayer;
pub use service::Refuse;
