//! Who is asking, and of which tier.

mod head;
mod resolve;
mod resolvers;

pub use head::Head;
pub use resolve::{BoxResolve, Caller, DynResolveTier, ResolveLater, ResolveTier, resolve_later};
pub use resolvers::{ByClientIp, Or, OrFuture, by_api_key, by_extension, by_header, either};
