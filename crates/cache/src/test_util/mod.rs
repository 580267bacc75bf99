//! A store, a backplane, clocks and faults for tests, without a server.
//!
//! - [`LocalStore`]: a [`Store`] and [`Backplane`] in the process. Each handle is another instance
//!   on the same data, so several caches of one test play several processes.
//! - [`Chaos`] and [`ChaosControl`]: any store, with the faults that a test asks for.
//! - [`TokioClock`]: time that a paused runtime moves, together with the timers of tokio.
//!   [`ManualClock`]: time that only the test moves.
//!
//! Under a paused runtime an hour takes no time, and everything happens in the same order again:
//!
//! ```
//! use std::time::Duration;
//!
//! use bartizan_cache::test_util::{
//!     Chaos, ChaosControl, Fault, LocalStore, Operation, Scope, TokioClock, record,
//! };
//! use bartizan_cache::{Backplane, Generation, Mark, Signal, Store, StoreErrorKind, Written};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let one = LocalStore::new(TokioClock::new());
//! let other = one.handle();
//!
//! // What one instance writes, the other reads, until it has expired.
//! let hour = Duration::from_secs(3_600);
//! let entry = record(Generation::from_u64(1), hour, &b"BZ\x01\0\0\0\0\0\0\0\0\x01"[..]);
//! assert_eq!(one.write("users:7", &entry).await?, Written::Stored);
//! assert_eq!(other.read("users:7").await?.as_ref(), Some(entry.bytes()));
//! tokio::time::advance(hour).await;
//! assert_eq!(other.read("users:7").await?, None);
//!
//! // What one instance marks, the other hears.
//! let mut listener = other.listen();
//! assert_eq!(listener.next().await, Some(Signal::Connected));
//! let generation = one.mark("users", Some("admins"), Mark::Remove).await?;
//! let Some(Signal::Message(message)) = listener.next().await else { panic!("no message") };
//! assert_eq!((message.instance, message.generation), (one.instance(), generation));
//!
//! // A store that fails in the way that the test asks for, and counts how often it is asked.
//! let control = ChaosControl::new();
//! let store = Chaos::new(one, &control);
//! control.inject(Fault::error(StoreErrorKind::Full).on(Scope::Changes).times(1));
//! let error = store.write("users:7", &entry).await.unwrap_err();
//! assert_eq!(error.kind(), StoreErrorKind::Full);
//! assert_eq!(store.write("users:7", &entry).await?, Written::Stored);
//! assert_eq!(control.calls(Operation::Write), 2);
//! # Ok(())
//! # }
//! ```
//!
//! [`Backplane`]: crate::Backplane
//! [`Store`]: crate::Store

mod chaos;
mod clock;
mod local;

use std::time::Duration;

use bytes::Bytes;

pub use chaos::{Chaos, ChaosControl, Corruption, Fault, Operation, Scope};
pub use clock::{ManualClock, TokioClock};
pub use local::LocalStore;

use crate::{Generation, Record};

/// Makes a record out of any bytes, for tests of stores.
///
/// A store learns the generation of what it has from the bytes alone, so they should begin with
/// the one that is given: `BZ`, a byte of 1, any byte, and the number in eight bytes, the highest
/// first.
#[must_use]
pub fn record(generation: Generation, keep: Duration, bytes: impl Into<Bytes>) -> Record {
    Record::new(generation, keep, bytes.into())
}
