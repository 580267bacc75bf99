//! One id a request, in header, log and body.

mod future;
mod id;
mod layer;
mod make;
mod service;

pub use future::RequestIdFuture;
pub use id::RequestId;
pub(crate) use id::{Correlation, X_REQUEST_ID};
pub use layer::RequestIdLayer;
pub use make::{MakeRequestId, RandomHex};
pub use service::RequestIdService;
