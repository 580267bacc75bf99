//! What somebody else can build on the descriptions of `bartizan-contract`: a document, a layer
//! that refuses, and a trait over handler arguments.
//!
//! - [`fragment`]: one operation and what its layers answer themselves, as `OpenAPI` JSON.
//! - [`RefuseLayer`]: a layer that refuses, from a crate that no other layer knows.
//! - [`OperationInput`]: a trait of this crate that reads every `DescribeInput`.

mod input;
mod refuse;
mod render;
mod security;

pub use input::{OperationInput, ViaContract, ViaText};
pub use refuse::{Refuse, RefuseLayer, ResponseFuture};
pub use render::fragment;
