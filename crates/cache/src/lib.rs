#![doc = include_str!("../README.md")]

mod body;
mod cache;
mod caches;
mod codec;
mod describe;
mod entry;
mod envelope;
mod error;
mod fetch;
mod flight;
mod future;
mod generation;
mod handled;
mod item;
mod key;
mod layer;
mod load;
mod log;
mod members;
mod memory;
mod observe;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;
mod options;
mod outcome;
mod policy;
mod profile;
mod remote;
mod request;
mod respond;
mod responses;
mod service;
mod settings;
mod stats;
mod store;
mod sync;
mod tags;
#[cfg(feature = "test-util")]
pub mod test_util;
mod time;

#[cfg(feature = "opentelemetry")]
pub use crate::opentelemetry::OpenTelemetryObserver;
pub use body::CacheBody;
pub use cache::{Cache, CacheBuilder};
#[cfg(feature = "opentelemetry")]
pub use caches::observe_caches;
pub use caches::{Caches, CachesBuilder};
#[cfg(feature = "postcard")]
pub use codec::Postcard;
pub use codec::{Codec, CodecError, Json, Raw};
pub use entry::Validators;
pub use envelope::Undecodable;
pub use error::{ConfigError, LoadError};
pub use future::ResponseFuture;
pub use generation::{Generation, Mark, Marks};
pub use handled::{Answered, Handled};
pub use item::Item;
pub use key::{KeyOf, KeyPart, KeyParts, Part, PartOf, Parts};
pub use layer::CacheLayer;
pub use load::{Load, Previous};
pub use log::TracingObserver;
pub use memory::Weigh;
pub use observe::{
    Away, Back, Coalesced, Connected, Invalidated, Level, LoadOutcome, Loaded, Looked, Lookup,
    NotDecoded, NotKept, NotStored, Observer, Origin, Overflowed, Queued, Recovered, Responded,
    Scope, StaleReason, StoreCalled, StoreOperation, Trigger,
};
pub use options::{Access, Options};
pub use outcome::{Cached, Freshness, Reach, Source};
pub use policy::Forward;
pub use profile::Profile;
pub use request::{Bypass, Head, Partition, UriOf};
pub use responses::{PurgeError, Responses, ResponsesBuilder};
pub use service::ResponseCache;
pub use stats::CacheStats;
#[cfg(feature = "redis")]
pub use store::RedisStore;
pub use store::{
    About, Backplane, Change, Listen, Message, Opened, Record, Signal, Store, StoreError,
    StoreErrorKind, StoreTime, Written,
};
pub use time::{Clock, SystemClock, Timestamp};
