//! Inner services that enforce tower's contract.

mod controlled;
mod future;
mod state;
mod strict;

pub use controlled::{Call, Control, Controlled};
pub use future::ResponseFuture;
pub use strict::{Strict, strict_fn};
