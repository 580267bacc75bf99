#![doc = include_str!("../README.md")]

mod algorithm;
mod body;
mod caller;
mod client_ip;
mod decision;
mod describe;
mod error;
mod future;
mod gates;
mod layer;
mod log;
mod observe;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;
mod policy;
mod quota;
mod refusal;
mod service;
mod store;
mod subject;
mod sync;
mod time;
mod turn;
mod waiting;
pub mod wire;

#[cfg(feature = "opentelemetry")]
pub use crate::opentelemetry::{OpenTelemetryObserver, observe_memory_store};
pub use body::RateLimitBody;
pub use caller::{
    BoxResolve, ByClientIp, Caller, DynResolveTier, Head, Or, OrFuture, ResolveLater, ResolveTier,
    by_api_key, by_extension, by_header, either, resolve_later,
};
#[cfg(feature = "axum")]
pub use client_ip::connect_info;
pub use client_ip::{
    ClientIp, ClientIpLayer, ForwardedBy, PeerAddr, PeerOf, PrefixLength, SetClientIp,
    TrustedProxies, peer_addr, resolve,
};
pub use error::{ConfigError, StoreError, StoreErrorKind};
pub use future::ResponseFuture;
pub use layer::RateLimitLayer;
pub use log::TracingObserver;
pub use observe::{Decided, Decision, Delayed, FellBack, Observer, StoreAnswered};
pub use policy::{
    Class, Delay, Limits, MakeKey, Outage, Tier, TierName, Tiers, TiersHandle, Treatment,
};
pub use quota::{Algorithm, Quota};
pub use refusal::Refusal;
pub use service::RateLimit;
#[cfg(feature = "governor")]
pub use store::governor::GovernorStore;
pub use store::memory::{MemoryStats, MemoryStore};
#[cfg(feature = "redis")]
pub use store::redis::{DenyCache, Leases, RedisDecision, RedisStats, RedisStore};
pub use store::{
    Answer, Ask, Block, ClassId, Limit, Manage, Mode, Outcome, Override, Part, Penalty, Store,
    TierChange, Verdict,
};
pub use subject::{Subject, SubjectHasher};
pub use time::{Clock, SystemClock, Timestamp};
