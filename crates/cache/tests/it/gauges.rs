//! What gauges of OpenTelemetry tell of caches, and that they keep none.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bartizan_cache::test_util::{Chaos, ChaosControl, LocalStore, TokioClock};
use bartizan_cache::{Caches, Json, Options, Reach, observe_caches};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
/// After it the memory has counted what was written, and has dropped what was removed.
const SWEPT: Duration = Duration::from_secs(31);

/// What a meter says when it is collected.
struct Told {
    provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
}

impl Told {
    fn of(caches: &Caches) -> Self {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        observe_caches(&provider.meter("bartizan"), caches);
        Self { provider, exporter }
    }

    /// Every point as `instrument unit`, its labels, and its value.
    fn now(&self) -> BTreeMap<(String, String), u64> {
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        let metrics = self.exporter.get_finished_metrics().unwrap();
        let metrics = metrics.iter().flat_map(ResourceMetrics::scope_metrics);
        metrics.flat_map(ScopeMetrics::metrics).flat_map(points).collect()
    }
}

fn points(metric: &Metric) -> Vec<((String, String), u64)> {
    let name = format!("{} {}", metric.name(), metric.unit());
    let AggregatedMetrics::U64(MetricData::Gauge(gauge)) = metric.data() else {
        panic!("{name} is no gauge");
    };
    let points = gauge.data_points().map(|point| {
        let labels: Vec<_> =
            point.attributes().map(|pair| format!("{}={}", pair.key, pair.value)).collect();
        ((name.clone(), labels.join(" ")), point.value())
    });
    points.collect()
}

fn of(cache: &str, numbers: [u64; 5]) -> Vec<((String, String), u64)> {
    let names = [
        "bartizan.cache.entries {entry}",
        "bartizan.cache.weight 1",
        "bartizan.cache.capacity 1",
        "bartizan.cache.queued {operation}",
        "bartizan.cache.in_flight {loader}",
    ];
    let label = format!("bartizan.cache={cache}");
    names.map(str::to_owned).map(|name| (name, label.clone())).into_iter().zip(numbers).collect()
}

#[tokio::test(start_paused = true)]
async fn gauges_tell_what_each_cache_holds_and_what_waits_in_it() {
    let control = ChaosControl::new();
    let store = Chaos::new(LocalStore::new(TokioClock::new()), &control);
    let caches = Caches::builder().with_clock(TokioClock::new()).with_store(store).build();
    let told = Told::of(&caches);
    assert_eq!(told.now(), BTreeMap::new());

    let teams = caches.cache::<String, String>("team").with_max_bytes(9_000).build().unwrap();
    let options = Options::new(3_600 * SECOND);
    let users = caches.cache::<u32, u32>("user").with_options(options).with_capacity(50);
    let users = users.build_tiered(Json).unwrap();
    assert!(caches.ready(SECOND).await);

    // 256 bytes for each, 3 and 4 of keys, 5 and 0 of values.
    teams.set("red", "alpha".to_owned()).await;
    teams.set("blue", String::new()).await;
    control.down();
    for user in 0..3 {
        assert_eq!(users.set(&user, user).await, Reach::Queued);
    }
    assert_eq!(users.remove(&7).await, Reach::Queued);
    for user in [8, 9] {
        let cache = users.clone();
        tokio::spawn(async move {
            let load = |_| pending::<Result<u32, Infallible>>();
            cache.get_or_load(&user, load).await.ok();
        });
    }
    sleep(SWEPT).await;
    let expected = [of("team", [2, 524, 9_000, 0, 0]), of("user", [3, 3, 50, 4, 2])];
    assert_eq!(told.now(), expected.into_iter().flatten().collect());

    // Loaders are given up after a minute, and the store hears what it has missed.
    control.up();
    sleep(SECOND).await;
    assert_eq!(users.clear().await, Reach::Shared);
    sleep(60 * SECOND).await;
    let expected = [of("team", [2, 524, 9_000, 0, 0]), of("user", [0, 0, 50, 0, 0])];
    assert_eq!(told.now(), expected.into_iter().flatten().collect());
}

#[tokio::test(start_paused = true)]
async fn a_meter_keeps_no_caches_and_tells_nothing_of_those_that_have_gone() {
    let clock = Arc::new(TokioClock::new());
    let caches = Caches::builder().with_clock(Arc::clone(&clock)).build();
    let users = caches.cache::<u32, u32>("user").with_capacity(50).build().unwrap();
    let teams = caches.cache::<u32, u32>("team").with_capacity(60).build().unwrap();
    let told = Told::of(&caches);
    drop(users);
    assert_eq!(told.now(), of("team", [0, 0, 60, 0, 0]).into_iter().collect());
    // A cache keeps what they share.
    drop(caches);
    assert_eq!(told.now(), of("team", [0, 0, 60, 0, 0]).into_iter().collect());
    drop(teams);
    assert_eq!(told.now(), BTreeMap::new());
    // Their task ends as well.
    sleep(SECOND).await;
    assert_eq!(Arc::strong_count(&clock), 1);
}
