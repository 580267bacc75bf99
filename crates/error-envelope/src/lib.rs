#![doc = include_str!("../README.md")]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod answer;
mod api_error;
mod asked;
#[cfg(feature = "axum")]
mod axum;
mod body;
mod describe;
mod error;
mod failure;
mod future;
mod layer;
mod log;
mod negotiate;
mod observe;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;
mod problem;
mod registry;
mod render;
mod request_id;
mod rewrite;
mod service;

#[cfg(feature = "axum")]
pub use crate::axum::{Named, Rejection, matched_path};
#[cfg(feature = "opentelemetry")]
pub use crate::opentelemetry::OpenTelemetryObserver;
pub use api_error::ApiError;
pub use bartizan_contract::{
    Code, Describe, Details, ErrorCase, ErrorReport, LogLevel, PassThrough, Reply, ResponseBody,
    RouteOf,
};
pub use bartizan_error_envelope_derive::ApiError;
pub use body::{BodyError, BodyPanicked, EnvelopeBody};
pub use error::ConfigError;
pub use future::ResponseFuture;
pub use layer::{ClientText, ErrorEnvelopeLayer};
pub use observe::{Answered, Observer, Origin, Panicked, Stage};
pub use request_id::{
    MakeRequestId, RandomHex, RequestId, RequestIdFuture, RequestIdLayer, RequestIdService,
};
pub use service::ErrorEnvelope;
