//! How limits are told in headers: pure functions of values.

mod forms;
mod names;
mod parse;
mod policy;
mod prepared;
pub(crate) mod rounding;
mod value;

pub use forms::{DraftVersion, HeaderForms, ResetFormat};
pub use parse::{PolicyStatus, RateLimits, parse};
pub use policy::{QuotaPolicy, Standing};
pub use prepared::PreparedHeaders;
pub(crate) use prepared::Telling;
pub use value::retry_after;
