//! The handlers: from a request to the domain and back, one file per concept.

pub mod analyses;
pub mod caches;
mod failure;
mod input;
pub mod leads;
mod success;
mod task;
pub mod users;
pub mod workflows;

pub use failure::Failure;
pub use success::Success;

pub use input::Caller;
use task::to_its_end;
