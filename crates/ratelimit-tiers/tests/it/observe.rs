//! What observers are told, in closed sets; and the two ready ones.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Once};
use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Class, Decided, Decision, Delay, Delayed, FellBack, Limits, Observer, OpenTelemetryObserver,
    Outage, RateLimitLayer, StoreAnswered, StoreErrorKind, TracingObserver, observe_memory_store,
};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::asking::{
    Mood, Moody, Seen, api, ask, by_account, free, of, of_tier, quota, request, statuses, tiers,
};

#[test]
fn labels_are_those_of_the_documents() {
    let decisions = [
        Decision::Allowed,
        Decision::NearLimit,
        Decision::Denied,
        Decision::Shadow,
        Decision::Crowded,
    ];
    let names = decisions.map(Decision::as_str);
    assert_eq!(names, ["allowed", "near_limit", "denied", "shadow", "crowded"]);
    let outages = [Outage::LocalFallback, Outage::FailOpen, Outage::FailClosed];
    assert_eq!(outages.map(Outage::as_str), ["local_fallback", "fail_open", "fail_closed"]);
    let kinds = [
        StoreErrorKind::Unavailable,
        StoreErrorKind::Timeout,
        StoreErrorKind::Protocol,
        StoreErrorKind::Unsupported,
        StoreErrorKind::Full,
    ];
    let names = kinds.map(StoreErrorKind::as_str);
    assert_eq!(names, ["unavailable", "timeout", "protocol", "unsupported", "full"]);
}

#[tokio::test]
async fn a_limit_is_near_when_less_than_a_tenth_is_left() {
    let seen = Seen::default();
    let (store, _) = Moody::new(Mood::Prompt);
    let layer = RateLimitLayer::new(store, api(free(20, 60))).unwrap().with_observer(seen.clone());
    statuses(&layer, || of("ada"), &[200; 20]).await;
    statuses(&layer, || of("ada"), &[429]).await;
    let mut expected = vec!["api free allowed"; 18];
    expected.extend(["api free near_limit"; 2]);
    expected.push("api free denied");
    assert_eq!(seen.take(), expected);
}

#[tokio::test]
async fn callers_add_nothing_to_the_labels() {
    let seen = Seen::default();
    let (store, _) = Moody::new(Mood::Slow);
    let layer = RateLimitLayer::new(store, api(free(2, 60)))
        .unwrap()
        .with_resolver(by_account)
        .with_observer(seen.clone());
    for caller in 0..200 {
        let tier = format!("tier {caller}");
        let account = format!("account {}", caller % 50);
        let path = format!("/{caller}");
        let headers = [("x-account", &*account), ("x-tier", &*tier)];
        ask(&layer, request("GET", path.split_at(1).0, &headers)).await;
        ask(&layer, of_tier(&account, &tier)).await;
    }
    let labels: BTreeSet<_> = seen.take().into_iter().collect();
    let labels: Vec<_> = labels.iter().map(String::as_str).collect();
    assert_eq!(
        labels,
        ["answered well", "api free allowed", "api free denied", "api free near_limit"]
    );
}

#[test]
fn an_observer_need_not_watch_anything_and_may_be_shared() {
    struct Nothing;
    impl Observer for Nothing {}
    fn watch(observer: &impl Observer, decided: &Decided<'_>) {
        observer.decided(decided);
    }
    #[derive(Default)]
    struct One(std::sync::Mutex<Vec<String>>);
    impl Observer for One {
        fn decided(&self, event: &Decided<'_>) {
            self.0.lock().unwrap().push(event.decision.as_str().to_owned());
        }
    }
    #[derive(Clone, Default)]
    struct Passes(Arc<One>);
    impl Observer for Passes {
        fn decided(&self, event: &Decided<'_>) {
            watch(&Nothing, event);
            watch(&(), event);
            watch(&self.0, event);
        }
    }
    let (store, _) = Moody::new(Mood::Prompt);
    let passes = Passes::default();
    let layer = RateLimitLayer::new(store, api(free(1, 60))).unwrap().with_observer(passes.clone());
    crate::asking::now(ask(&layer, of("ada")));
    assert_eq!(*passes.0.0.lock().unwrap(), ["near_limit"]);
}

/// A few requests of every kind: allowed, near, denied, shadow, delayed, fallen back.
async fn everything<O: Observer + Clone>(observer: O) {
    let delay = Delay::doubling(
        0.5,
        Duration::from_millis(100),
        Duration::from_millis(100),
        NonZeroUsize::MIN,
    );
    let tiers = tiers([bartizan_ratelimit_tiers::Tier::new("free")
        .with_quota("api", quota(2, 60))
        .with_quota("quiet", quota(1, 60))]);
    let limits = Limits::new(tiers)
        .with_class(Class::new("api").with_delay(delay.unwrap()))
        .with_class(Class::new("quiet").in_shadow().with_outage(Outage::FailOpen));
    let (store, _) = Moody::new(Mood::Slow);
    let layer = RateLimitLayer::new(store.clone(), limits)
        .unwrap()
        .with_resolver(by_account)
        .with_observer(observer);
    statuses(&layer, || of("ada"), &[200, 200, 429]).await;
    store.is_now(Mood::SlowlyAway(StoreErrorKind::Timeout));
    statuses(&layer, || of("bob"), &[200]).await;
    store.is_now(Mood::Away(StoreErrorKind::Unavailable));
    statuses(&layer, || of("eve"), &[200]).await;
    store.is_now(Mood::Slow);
    statuses(&layer, || of("joe"), &[200]).await;
}

/// The metrics of a scope, each as `name unit` with its points.
fn collected(exporter: &InMemoryMetricExporter) -> BTreeMap<String, Vec<String>> {
    let metrics = exporter.get_finished_metrics().unwrap();
    metrics
        .iter()
        .flat_map(ResourceMetrics::scope_metrics)
        .flat_map(ScopeMetrics::metrics)
        .map(|metric| (format!("{} {}", metric.name(), metric.unit()), points(metric)))
        .collect()
}

fn points(metric: &Metric) -> Vec<String> {
    fn pairs<'a>(attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>) -> String {
        let mut pairs: Vec<_> =
            attributes.map(|pair| format!("{}={}", pair.key, pair.value)).collect();
        pairs.sort();
        pairs.join(" ")
    }
    let mut lines: Vec<_> = match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => {
            assert!(sum.is_monotonic());
            sum.data_points()
                .map(|point| format!("{}: {}", pairs(point.attributes()), point.value()))
                .collect()
        }
        AggregatedMetrics::U64(MetricData::Gauge(gauge)) => {
            gauge.data_points().map(|point| point.value().to_string()).collect()
        }
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
            .data_points()
            .map(|point| format!("{}: {}", pairs(point.attributes()), point.count()))
            .collect(),
        _ => panic!("{} is of another kind", metric.name()),
    };
    lines.sort();
    lines
}

fn provider() -> (SdkMeterProvider, InMemoryMetricExporter) {
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    (SdkMeterProvider::builder().with_reader(reader).build(), exporter)
}

#[tokio::test]
async fn the_opentelemetry_observer_writes_the_named_instruments() {
    let (provider, exporter) = provider();
    everything(OpenTelemetryObserver::new(&provider.meter("bartizan"))).await;
    tokio::task::spawn_blocking(move || provider.force_flush()).await.unwrap().unwrap();
    let decided = |class: &str, decision: &str, count: u32| {
        format!("bartizan.class={class} bartizan.decision={decision} bartizan.tier=free: {count}")
    };
    let expected = BTreeMap::from([
        (
            "bartizan.rate_limit.decisions {decision}".to_owned(),
            vec![
                // ada, bob, eve, joe; ada; ada.
                decided("api", "allowed", 4),
                decided("api", "denied", 1),
                decided("api", "near_limit", 1),
                // ada, joe; ada twice.
                decided("quiet", "near_limit", 2),
                decided("quiet", "shadow", 2),
            ],
        ),
        (
            "bartizan.rate_limit.delays s".to_owned(),
            vec!["bartizan.class=api bartizan.tier=free: 1".to_owned()],
        ),
        (
            "bartizan.rate_limit.fallbacks {limit}".to_owned(),
            ["api bartizan.outage=local_fallback", "quiet bartizan.outage=fail_open"]
                .iter()
                .flat_map(|policy| {
                    ["timeout", "unavailable"]
                        .map(|kind| format!("bartizan.class={policy} error.type={kind}: 1"))
                })
                .collect(),
        ),
        (
            "bartizan.rate_limit.store.duration s".to_owned(),
            vec![": 4".to_owned(), "error.type=timeout: 1".to_owned()],
        ),
    ]);
    assert_eq!(collected(&exporter), expected);
}

#[tokio::test]
async fn the_instruments_of_a_store_tell_what_it_holds() {
    let (provider, exporter) = provider();
    let (store, _) = Moody::new(Mood::Prompt);
    observe_memory_store(&provider.meter("bartizan"), &store.good);
    let layer =
        RateLimitLayer::new(store.clone(), api(free(1, 60))).unwrap().with_resolver(by_account);
    statuses(&layer, || of("ada"), &[200]).await;
    statuses(&layer, || of("bob"), &[200]).await;
    tokio::task::spawn_blocking(move || provider.force_flush()).await.unwrap().unwrap();
    let bytes = store.good.stats().bytes.to_string();
    let expected = BTreeMap::from([
        ("bartizan.rate_limit.memory.subjects {subject}".to_owned(), vec!["2".to_owned()]),
        ("bartizan.rate_limit.memory.bytes By".to_owned(), vec![bytes]),
        ("bartizan.rate_limit.memory.evicted {subject}".to_owned(), vec![": 0".to_owned()]),
        ("bartizan.rate_limit.memory.overflowed {decision}".to_owned(), vec![": 0".to_owned()]),
    ]);
    assert_eq!(collected(&exporter), expected);
}

thread_local! {
    static LINES: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
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
        if event.metadata().target() == "bartizan::ratelimit_tiers" {
            let mut line = Line(String::new());
            event.record(&mut line);
            LINES.with_borrow_mut(|lines| lines.push((*event.metadata().level(), line.0)));
        }
    }
}

/// What was logged on this thread since it was last asked. One subscriber serves the process.
fn logged() -> Vec<(Level, String)> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| registry().with(Recorder).init());
    LINES.with_borrow_mut(std::mem::take)
}

#[tokio::test]
async fn an_outage_is_logged_once_and_so_is_its_end() {
    logged();
    let observer = TracingObserver::new().with_quiet(Duration::ZERO);
    let (store, _) = Moody::new(Mood::Slow);
    let layer = RateLimitLayer::new(store.clone(), api(free(9, 60)))
        .unwrap()
        .with_resolver(by_account)
        .with_observer(observer);
    let loud = |lines: Vec<(Level, String)>| -> Vec<String> {
        let loud = lines.into_iter().filter(|(level, _)| *level <= Level::INFO);
        loud.map(|(level, line)| format!("{level}{line}")).collect()
    };
    statuses(&layer, || of("ada"), &[200, 200]).await;
    let lines = logged();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|(level, _)| *level == Level::TRACE), "{lines:?}");
    let warning = "WARN message=the store cannot decide class=\"api\" \
                   outage=\"local_fallback\" error=\"timeout\"";
    for _ in 0..2 {
        store.is_now(Mood::SlowlyAway(StoreErrorKind::Timeout));
        statuses(&layer.clone(), || of("ada"), &[200]).await;
        statuses(&layer, || of("ada"), &[200]).await;
        assert_eq!(loud(logged()), [warning]);
        store.is_now(Mood::Slow);
        statuses(&layer, || of("ada"), &[200, 200]).await;
        assert_eq!(loud(logged()), ["INFO message=the store decides again"]);
    }
}

#[tokio::test]
async fn a_store_that_fails_now_and_then_is_warned_of_once() {
    logged();
    let observer = TracingObserver::new();
    let (store, _) = Moody::new(Mood::Slow);
    let layer = RateLimitLayer::new(store.clone(), api(free(99, 60)))
        .unwrap()
        .with_resolver(by_account)
        .with_observer(observer);
    for _ in 0..5 {
        store.is_now(Mood::SlowlyAway(StoreErrorKind::Timeout));
        statuses(&layer, || of("ada"), &[200]).await;
        store.is_now(Mood::Slow);
        statuses(&layer, || of("ada"), &[200]).await;
    }
    let loud: Vec<_> = logged().into_iter().filter(|(level, _)| *level <= Level::INFO).collect();
    assert_eq!(loud.len(), 1, "{loud:?}");
}

#[test]
fn refusals_and_delays_are_logged_for_debugging() {
    logged();
    let observer = TracingObserver::new();
    let seen = Arc::new(observer);
    let (store, _) = Moody::new(Mood::Prompt);
    let layer = RateLimitLayer::new(store, api(free(1, 60))).unwrap().with_observer(seen);
    for _ in 0..2 {
        crate::asking::now(ask(&layer, of("ada")));
    }
    let line =
        |decision| format!(" message=decided class=\"api\" tier=\"free\" decision=\"{decision}\"");
    assert_eq!(logged(), [(Level::TRACE, line("near_limit")), (Level::DEBUG, line("denied"))]);
}

#[tokio::test(start_paused = true)]
async fn every_event_reaches_an_observer_behind_a_reference_count() {
    #[derive(Default)]
    struct Counts(std::sync::Mutex<[u32; 4]>);
    impl Counts {
        fn count(&self, index: usize) {
            self.0.lock().unwrap()[index] += 1;
        }
    }
    impl Observer for Counts {
        fn decided(&self, _: &Decided<'_>) {
            self.count(0);
        }
        fn delayed(&self, _: &Delayed<'_>) {
            self.count(1);
        }
        fn fell_back(&self, _: &FellBack<'_>) {
            self.count(2);
        }
        fn answered(&self, _: &StoreAnswered) {
            self.count(3);
        }
    }
    let counts = Arc::new(Counts::default());
    everything(Arc::clone(&counts)).await;
    assert_eq!(*counts.0.lock().unwrap(), [10, 1, 4, 5]);
}
