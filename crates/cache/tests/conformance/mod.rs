//! What every store and every backplane promises, whatever it is made of.
//!
//! A test binary takes the suite by its path, says what its world is, and lists it once:
//!
//! ```ignore
//! #[macro_use]
//! #[path = "../conformance/mod.rs"]
//! mod suite;
//!
//! struct InRedis { .. }
//!
//! impl suite::World for InRedis { .. }
//!
//! promises!(in_redis: InRedis, #[tokio::test(flavor = "multi_thread")]);
//! ```
//!
//! Each promise has a world of its own. Time is the runtime's: paused, an hour takes no time; not
//! paused, nothing is waited for longer than it must.

pub(crate) mod backplane;
pub(crate) mod founding;
pub(crate) mod listening;
pub(crate) mod store;

use std::sync::Arc;
use std::time::Duration;

use bartizan_cache::test_util::record;
use bartizan_cache::{Backplane, Generation, Record, Store};
use tokio::time::Instant;

/// Where the instances of a store live.
pub(crate) trait World: Sized + Send + Sync {
    /// Whether its time is that of a paused runtime, so that a month can be waited for.
    const IS_PAUSED: bool = false;

    /// An empty one.
    fn new() -> impl Future<Output = Self> + Send;

    /// Starts another instance, which can reach it.
    fn instance(&self) -> impl Future<Output = Instance> + Send;

    /// Loses everything, as `FLUSHALL` does, though its clock goes on.
    fn flush(&self) -> impl Future<Output = ()> + Send;
}

/// What a process has of a world.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) backplane: Arc<dyn Backplane>,
}

impl Instance {
    pub(crate) fn new(instance: impl Store + Backplane) -> Self {
        let instance = Arc::new(instance);
        Self { store: Arc::clone(&instance) as _, backplane: instance }
    }
}

/// Makes a test of each promise.
macro_rules! promises {
    ($name:ident: $world:ty, #[$test:meta]) => {
        mod $name {
            use super::*;

            promises! { @store $world, #[$test],
                a_key_that_was_never_written_is_not_there
                reads_what_another_instance_wrote
                reads_what_was_written_last
                keeps_every_byte_under_every_name
                reads_several_in_their_order
                expires_after_its_time_and_not_before
                a_new_record_brings_its_own_time
                keeps_for_the_longest_time_and_for_none
                keeps_the_later_generation_and_tells_it
                compares_generations_as_whole_numbers
                an_equal_generation_overwrites
                a_tombstone_outlasts_earlier_values
                an_expired_record_supersedes_nothing
                overwrites_bytes_that_are_not_ours
                of_writers_at_once_the_latest_stays
                a_flush_loses_every_record
                is_available_while_it_can_be_reached
            }
            promises! { @backplane $world, #[$test],
                generations_rise_over_all_instances
                generations_rise_among_tasks_at_once
                generations_rise_over_a_flush
                opening_tells_the_last_generation
                the_clock_goes_on_and_all_instances_share_it
                caches_say_nothing_of_one_another
                a_lock_is_for_one_holder
                a_holder_that_asks_again_has_the_lock
                a_lock_ends_by_itself_and_not_before
                a_lock_is_given_back_by_its_holder_only
                of_many_one_takes_the_lock
                locks_of_other_names_are_apart
            }
            promises! { @founding $world, #[$test],
                a_cache_that_is_not_known_is_founded
                a_cache_is_founded_once
                a_cache_that_was_lost_is_founded_anew
                a_cache_that_was_lost_is_founded_by_the_first_word_of_it
                marking_a_cache_removes_or_expires_what_is_older
                marking_a_tag_removes_or_expires_what_is_older
                a_tag_that_is_not_known_is_founded
                a_tag_is_founded_once
                a_tag_that_was_lost_is_founded_anew
                tells_tags_in_their_order
                marks_are_never_lowered
                marks_at_once_are_all_remembered
                marks_are_remembered_for_the_retention
            }
            promises! { @listening $world, #[$test],
                the_first_signal_is_connected
                every_listener_hears_every_message
                a_mark_is_told_to_every_listener
                a_mark_is_known_before_it_is_heard
                a_mark_says_which_instance_made_it
                cancelling_a_listener_loses_nothing
                a_burst_is_heard_or_known_to_be_missed
                what_was_said_before_is_not_heard
                a_listener_ends_with_the_backplane
            }
        }
    };
    (@$suite:ident $world:ty, #[$test:meta], $($promise:ident)+) => {
        mod $suite {
            use super::*;

            $(
                #[$test]
                async fn $promise() {
                    suite::$suite::$promise(<$world as suite::World>::new().await).await;
                }
            )+
        }
    };
}

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than any test takes.
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// Long enough to be measured on a machine whose clocks are not the same to the millisecond.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// By how much clocks of whole milliseconds may differ from the runtime's.
const ROUNDING: Duration = Duration::from_millis(10);

pub(crate) const fn generation(number: u64) -> Generation {
    Generation::from_u64(number)
}

/// Bytes as an entry begins: whose they are, a version, a kind, the generation.
pub(crate) fn bytes(kind: u8, number: u64, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![b'B', b'Z', 1, kind];
    bytes.extend(number.to_be_bytes());
    bytes.extend(value);
    bytes
}

pub(crate) fn value(number: u64, value: &[u8], keep: Duration) -> Record {
    record(generation(number), keep, bytes(0, number, value))
}

/// Waits until a question is answered by yes.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut question: impl FnMut() -> F) {
    let begin = Instant::now();
    while !question().await {
        assert!(begin.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a question is answered by yes, which must not be before this time is over.
pub(crate) async fn after<F: Future<Output = bool>>(
    time: Duration,
    begin: Instant,
    what: &str,
    question: impl FnMut() -> F,
) {
    until(what, question).await;
    let elapsed = begin.elapsed();
    assert!(elapsed + ROUNDING >= time, "too early, after {elapsed:?}: {what}");
}

/// What many tasks answer at once.
pub(crate) async fn at_once<T, F>(tasks: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}
