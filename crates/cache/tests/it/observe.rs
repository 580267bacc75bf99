//! What observers are told, in closed sets; and the one that logs.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use bartizan_cache::{
    Away, Back, Coalesced, Connected, Invalidated, Level, LoadOutcome, Loaded, Looked, Lookup,
    Mark, NotDecoded, NotKept, NotStored, Observer, Origin, Overflowed, Queued, Recovered, Scope,
    StaleReason, StoreCalled, StoreErrorKind, StoreOperation, TracingObserver, Trigger,
    Undecodable,
};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

pub(crate) const LEVELS: [Level; 2] = [Level::Memory, Level::Store];
pub(crate) const REASONS: [StaleReason; 4] = [
    StaleReason::Revalidating,
    StaleReason::LoaderFailed,
    StaleReason::LoaderSlow,
    StaleReason::Throttled,
];
pub(crate) const TRIGGERS: [Trigger; 3] = [Trigger::Caller, Trigger::Eager, Trigger::Revalidation];
pub(crate) const LOADS: [LoadOutcome; 6] = [
    LoadOutcome::Value,
    LoadOutcome::Absent,
    LoadOutcome::NotModified,
    LoadOutcome::Failed,
    LoadOutcome::Panicked,
    LoadOutcome::Abandoned,
];
pub(crate) const OPERATIONS: [StoreOperation; 10] = [
    StoreOperation::Read,
    StoreOperation::ReadMany,
    StoreOperation::Write,
    StoreOperation::Open,
    StoreOperation::Issue,
    StoreOperation::Mark,
    StoreOperation::Marks,
    StoreOperation::Announce,
    StoreOperation::Lock,
    StoreOperation::Unlock,
];
pub(crate) const KINDS: [StoreErrorKind; 6] = [
    StoreErrorKind::Unavailable,
    StoreErrorKind::Timeout,
    StoreErrorKind::Protocol,
    StoreErrorKind::Full,
    StoreErrorKind::ReadOnly,
    StoreErrorKind::Unsupported,
];
pub(crate) const NOT_STORED: [NotStored; 5] = [
    NotStored::KeyTooLong,
    NotStored::TooHeavy,
    NotStored::NotEncodable,
    NotStored::Superseded,
    NotStored::Invalidated,
];
pub(crate) const SCOPES: [Scope; 3] = [Scope::Key, Scope::Tag, Scope::All];
pub(crate) const ORIGINS: [Origin; 2] = [Origin::Here, Origin::Elsewhere];
pub(crate) const MARKS: [Mark; 2] = [Mark::Remove, Mark::Expire];
pub(crate) const UNDECODABLE: [Undecodable; 10] = [
    Undecodable::Truncated,
    Undecodable::Magic,
    Undecodable::Version,
    Undecodable::Checksum,
    Undecodable::Signature,
    Undecodable::Format,
    Undecodable::Schema,
    Undecodable::Header,
    Undecodable::Compression,
    Undecodable::Value,
];
const TOOK: Duration = Duration::from_millis(3);

/// Every outcome of a lookup.
pub(crate) fn lookups() -> Vec<Lookup> {
    let mut lookups = vec![Lookup::MemoryHit, Lookup::StoreHit, Lookup::Miss];
    for level in LEVELS {
        lookups.extend(REASONS.map(|reason| Lookup::StaleHit { level, reason }));
    }
    lookups
}

/// Tells an observer of every event in every form, for one cache.
pub(crate) fn everything(observer: &dyn Observer, cache: &str) {
    for outcome in lookups() {
        observer.looked(&Looked::new(cache, outcome));
    }
    for trigger in TRIGGERS {
        for outcome in LOADS {
            observer.loaded(&Loaded::new(cache, trigger, TOOK, outcome));
        }
    }
    observer.coalesced(&Coalesced::new(cache));
    for operation in OPERATIONS {
        observer.store_called(&StoreCalled::new(cache, operation, TOOK, None));
        for kind in KINDS {
            observer.store_called(&StoreCalled::new(cache, operation, TOOK, Some(kind)));
        }
    }
    for why in UNDECODABLE {
        observer.not_decoded(&NotDecoded::new(cache, why));
    }
    for why in NOT_STORED {
        observer.not_kept(&NotKept::new(cache, why));
    }
    for scope in SCOPES {
        for mark in MARKS {
            for origin in ORIGINS {
                observer.invalidated(&Invalidated::new(cache, scope, mark, origin));
            }
        }
    }
    for again in [false, true] {
        observer.connected(&Connected::new(again));
    }
    for kind in KINDS {
        observer.away(&Away::new(kind));
        observer.back(&Back::new(TOOK));
    }
    observer.queued(&Queued::new(cache, 7));
    observer.recovered(&Recovered::new(5, 2));
    observer.overflowed(&Overflowed::new(cache));
}

#[test]
fn labels_are_those_of_the_documents() {
    let outcomes = lookups().into_iter().map(Lookup::as_str).collect::<Vec<_>>();
    assert_eq!(outcomes[..3], ["memory_hit", "store_hit", "miss"]);
    assert_eq!(outcomes[3..], ["stale_hit"; 8]);
    assert_eq!(LEVELS.map(Level::as_str), ["memory", "store"]);
    let reasons = REASONS.map(StaleReason::as_str);
    assert_eq!(reasons, ["revalidating", "loader_failed", "loader_slow", "throttled"]);
    assert_eq!(TRIGGERS.map(Trigger::as_str), ["caller", "eager", "revalidation"]);
    let loads = LOADS.map(LoadOutcome::as_str);
    assert_eq!(loads, ["value", "absent", "not_modified", "failed", "panicked", "abandoned"]);
    let operations = OPERATIONS.map(StoreOperation::as_str).join(" ");
    let expected = "read read_many write open issue mark marks announce lock unlock";
    assert_eq!(operations, expected);
    let not_stored = NOT_STORED.map(NotStored::as_str).join(" ");
    assert_eq!(not_stored, "key_too_long too_heavy not_encodable superseded invalidated");
    assert_eq!(SCOPES.map(Scope::as_str), ["key", "tag", "all"]);
    assert_eq!(ORIGINS.map(Origin::as_str), ["here", "elsewhere"]);
}

#[test]
fn events_keep_what_they_are_made_of() {
    let loaded = const { Loaded::new("users", Trigger::Eager, TOOK, LoadOutcome::Absent) };
    assert_eq!((loaded.cache, loaded.trigger), ("users", Trigger::Eager));
    assert_eq!((loaded.elapsed, loaded.outcome), (TOOK, LoadOutcome::Absent));
    let recovered = const { Recovered::new(5, 2) };
    assert_eq!((recovered.replayed, recovered.left), (5, 2));
}

#[test]
fn every_event_reaches_an_observer_behind_reference_counts() {
    #[derive(Debug, Default)]
    struct Counts(Mutex<[u32; 13]>);
    impl Counts {
        fn count(&self, index: usize) {
            self.0.lock().unwrap()[index] += 1;
        }
    }
    impl Observer for Counts {
        fn looked(&self, _: &Looked<'_>) {
            self.count(0);
        }
        fn loaded(&self, _: &Loaded<'_>) {
            self.count(1);
        }
        fn coalesced(&self, _: &Coalesced<'_>) {
            self.count(2);
        }
        fn store_called(&self, _: &StoreCalled<'_>) {
            self.count(3);
        }
        fn not_decoded(&self, _: &NotDecoded<'_>) {
            self.count(4);
        }
        fn not_kept(&self, _: &NotKept<'_>) {
            self.count(5);
        }
        fn invalidated(&self, _: &Invalidated<'_>) {
            self.count(6);
        }
        fn connected(&self, _: &Connected) {
            self.count(7);
        }
        fn away(&self, _: &Away) {
            self.count(8);
        }
        fn back(&self, _: &Back) {
            self.count(9);
        }
        fn queued(&self, _: &Queued<'_>) {
            self.count(10);
        }
        fn recovered(&self, _: &Recovered) {
            self.count(11);
        }
        fn overflowed(&self, _: &Overflowed<'_>) {
            self.count(12);
        }
    }
    let counts = Arc::new(Counts::default());
    let shared: Arc<dyn Observer> = counts.clone();
    everything(&Arc::new(shared), "users");
    // 3 + 2 * 4 lookups, 3 * 6 loads, 10 * (1 + 6) calls, 3 * 2 * 2 invalidations.
    assert_eq!(*counts.0.lock().unwrap(), [11, 18, 1, 70, 10, 5, 12, 2, 6, 6, 1, 1, 1]);
}

#[test]
fn an_observer_need_not_watch_anything() {
    #[derive(Debug)]
    struct Nothing;
    impl Observer for Nothing {}
    everything(&Nothing, "users");
    everything(&(), "users");
}

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Recorder;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write;
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber> tracing_subscriber::Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "bartizan::cache" {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            LINES.with_borrow_mut(|lines| lines.push(line.0));
        }
    }
}

/// What is logged on this thread meanwhile. One subscriber serves the process.
fn logged(act: impl FnOnce()) -> Vec<String> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| registry().with(Recorder).init());
    LINES.take();
    act();
    LINES.take()
}

fn loud(lines: Vec<String>) -> Vec<String> {
    let is_quiet = |line: &str| line.starts_with("TRACE") || line.starts_with("DEBUG");
    lines.into_iter().filter(|line| !is_quiet(line)).collect()
}

#[test]
fn nothing_is_loud_while_all_is_well() {
    let observer = TracingObserver::new();
    let well = logged(|| {
        for outcome in lookups() {
            observer.looked(&Looked::new("users", outcome));
        }
        for outcome in [LoadOutcome::Value, LoadOutcome::Absent, LoadOutcome::NotModified] {
            observer.loaded(&Loaded::new("users", Trigger::Caller, TOOK, outcome));
        }
        observer.coalesced(&Coalesced::new("users"));
        for operation in OPERATIONS {
            observer.store_called(&StoreCalled::new("users", operation, TOOK, None));
        }
        observer.invalidated(&Invalidated::new("users", Scope::Tag, Mark::Expire, Origin::Here));
        observer.connected(&Connected::new(false));
    });
    assert_eq!(well.len(), 11 + 3 + 1 + 10 + 2);
    assert_eq!(loud(well), [""; 0]);
}

#[test]
fn requests_are_for_tracing_and_all_else_for_debugging() {
    let observer = TracingObserver::new();
    let stale = Lookup::StaleHit { level: Level::Store, reason: StaleReason::LoaderSlow };
    let failure = Some(StoreErrorKind::Full);
    let lines = logged(|| {
        observer.looked(&Looked::new("users", Lookup::MemoryHit));
        observer.looked(&Looked::new("users", stale));
        observer.loaded(&Loaded::new("users", Trigger::Eager, TOOK, LoadOutcome::Failed));
        observer.coalesced(&Coalesced::new("users"));
        observer.store_called(&StoreCalled::new("users", StoreOperation::Read, TOOK, None));
        observer.store_called(&StoreCalled::new("users", StoreOperation::Write, TOOK, failure));
        observer.not_kept(&NotKept::new("users", NotStored::Superseded));
        observer.invalidated(&Invalidated::new("users", Scope::All, Mark::Remove, Origin::Here));
        observer.connected(&Connected::new(true));
        observer.queued(&Queued::new("users", 7));
        observer.recovered(&Recovered::new(5, 2));
        observer.overflowed(&Overflowed::new("users"));
    });
    let expected = [
        "TRACE message=looked cache=\"users\" outcome=\"memory_hit\"",
        "DEBUG message=looked cache=\"users\" outcome=\"stale_hit\" level=\"store\" \
         reason=\"loader_slow\"",
        "DEBUG message=loaded cache=\"users\" trigger=\"eager\" outcome=\"failed\" elapsed=3ms",
        "TRACE message=waits for the loader of another cache=\"users\"",
        "TRACE message=the store answered cache=\"users\" operation=\"read\" elapsed=3ms",
        "DEBUG message=the store failed cache=\"users\" operation=\"write\" error=\"full\" \
         elapsed=3ms",
        "DEBUG message=a value was not kept cache=\"users\" reason=\"superseded\"",
        "DEBUG message=invalidated cache=\"users\" scope=\"all\" mark=\"remove\" origin=\"here\"",
        "DEBUG message=the backplane is connected again=true",
        "DEBUG message=an operation waits for the store cache=\"users\" len=7",
        "DEBUG message=operations were repeated replayed=5 left=2",
        "DEBUG message=the cache is to be expired cache=\"users\"",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn an_outage_is_logged_once_and_so_is_its_end() {
    let observer = TracingObserver::new().with_quiet(Duration::ZERO);
    let read = |failure| StoreCalled::new("users", StoreOperation::Read, TOOK, failure);
    for _ in 0..2 {
        let lines = logged(|| {
            observer.away(&Away::new(StoreErrorKind::Timeout));
            for _ in 0..5 {
                observer.store_called(&read(Some(StoreErrorKind::Unavailable)));
                observer.queued(&Queued::new("users", 7));
            }
            observer.back(&Back::new(TOOK));
            observer.store_called(&read(None));
            observer.recovered(&Recovered::new(5, 0));
        });
        let loud = loud(lines);
        assert_eq!(loud.len(), 2);
        assert_eq!(loud[0], "WARN message=the store does not answer error=\"timeout\"");
        assert!(loud[1].starts_with("INFO message=the store answers again after="), "{loud:?}");
    }
}

#[test]
fn a_store_that_fails_now_and_then_is_warned_of_once() {
    let observer = TracingObserver::new();
    let lines = logged(|| {
        for _ in 0..5 {
            observer.away(&Away::new(StoreErrorKind::Timeout));
            // A clone shares what is known of the outage.
            observer.clone().back(&Back::new(TOOK));
            observer.store_called(&StoreCalled::new("users", StoreOperation::Read, TOOK, None));
        }
    });
    assert_eq!(lines.len(), 15);
    assert_eq!(loud(lines), ["WARN message=the store does not answer error=\"timeout\""]);
}

#[test]
fn the_end_of_an_outage_needs_either_the_signal_or_an_answer() {
    let observer = TracingObserver::new().with_quiet(Duration::ZERO);
    let away = || observer.away(&Away::new(StoreErrorKind::Timeout));
    let signal = logged(|| {
        away();
        observer.back(&Back::new(TOOK));
    });
    assert_eq!(loud(signal).len(), 2);
    let answer = logged(|| {
        away();
        observer.store_called(&StoreCalled::new("users", StoreOperation::Read, TOOK, None));
    });
    assert_eq!(loud(answer).len(), 2);
}

#[test]
fn a_loader_that_panics_is_a_warning() {
    let observer = TracingObserver::new();
    for outcome in LOADS {
        let lines = logged(|| {
            observer.loaded(&Loaded::new("users", Trigger::Caller, TOOK, outcome));
        });
        let expected = if outcome == LoadOutcome::Panicked {
            "WARN message=a loader has panicked cache=\"users\" trigger=\"caller\" elapsed=3ms"
                .to_owned()
        } else {
            let outcome = outcome.as_str();
            let fields = format!("trigger=\"caller\" outcome=\"{outcome}\" elapsed=3ms");
            format!("DEBUG message=loaded cache=\"users\" {fields}")
        };
        assert_eq!(lines, [expected]);
    }
}

#[test]
fn undecodable_bytes_are_warned_of_once_for_each_cache_and_reason() {
    let observer = TracingObserver::new();
    let lines = logged(|| {
        for cache in ["users", "teams"] {
            for why in UNDECODABLE {
                observer.not_decoded(&NotDecoded::new(cache, why));
                observer.not_decoded(&NotDecoded::new(cache, why));
                // A clone shares what has been warned of.
                observer.clone().not_decoded(&NotDecoded::new(cache, why));
            }
        }
    });
    assert_eq!(lines.len(), 60);
    let mut expected = Vec::new();
    for cache in ["users", "teams"] {
        expected.extend(UNDECODABLE.map(|why| {
            let why = why.as_str();
            let message = "the store holds undecodable bytes";
            format!("WARN message={message} cache=\"{cache}\" reason=\"{why}\"")
        }));
    }
    assert_eq!(loud(lines), expected);
}
