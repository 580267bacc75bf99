//! How often callers may ask: the tiers, the classes of requests, and where they are counted.

mod classes;
mod counter;
mod logins;
mod outage;
mod table;

pub use classes::layer;
pub use counter::Counter;
pub use logins::{Attempt, LoginGuard, LoginRefused, tell_login};
pub use table::{Global, TierTable, TierTableError};
