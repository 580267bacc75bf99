//! What the observer for OpenTelemetry writes, and that its labels are closed sets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bartizan_cache::{
    Away, Back, Coalesced, Connected, Invalidated, Level, LoadOutcome, Loaded, Looked, Lookup,
    Mark, NotDecoded, NotKept, NotStored, Observer, OpenTelemetryObserver, Origin, Overflowed,
    Queued, Recovered, Scope, StaleReason, StoreCalled, StoreErrorKind, StoreOperation, Trigger,
    Undecodable,
};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

use crate::observe::{
    KINDS, LEVELS, LOADS, NOT_STORED, OPERATIONS, ORIGINS, REASONS, SCOPES, TRIGGERS, UNDECODABLE,
    everything, lookups,
};

/// One point: its labels as `key=value`, in order, and what it says.
type Points = Vec<(Vec<String>, String)>;

/// What is written meanwhile, each instrument as `name unit`.
fn written(act: impl FnOnce(&OpenTelemetryObserver)) -> BTreeMap<String, Points> {
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    act(&OpenTelemetryObserver::new(&provider.meter("bartizan")));
    provider.force_flush().unwrap();
    let metrics = exporter.get_finished_metrics().unwrap();
    metrics
        .iter()
        .flat_map(ResourceMetrics::scope_metrics)
        .flat_map(ScopeMetrics::metrics)
        .map(|metric| (format!("{} {}", metric.name(), metric.unit()), points(metric)))
        .collect()
}

/// The points of a counter with their values, of a histogram with `count / sum, last bound`.
fn points(metric: &Metric) -> Points {
    fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> Vec<String> {
        let mut labels: Vec<_> =
            attributes.map(|pair| format!("{}={}", pair.key, pair.value)).collect();
        labels.sort();
        labels
    }
    let mut points: Points = match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => {
            assert!(sum.is_monotonic());
            sum.data_points()
                .map(|point| (labels(point.attributes()), point.value().to_string()))
                .collect()
        }
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
            .data_points()
            .map(|point| {
                let last = point.bounds().last().unwrap();
                let says = format!("{} / {}, {last}", point.count(), point.sum());
                (labels(point.attributes()), says)
            })
            .collect(),
        _ => vec![(Vec::new(), "another kind of instrument".to_owned())],
    };
    points.sort();
    points
}

fn one<const N: usize>(name: &str, labels: [&str; N], says: &str) -> (String, Points) {
    let labels = labels.map(str::to_owned).to_vec();
    (name.to_owned(), vec![(labels, says.to_owned())])
}

#[test]
fn the_named_instruments_are_written() {
    let stale = Lookup::StaleHit { level: Level::Memory, reason: StaleReason::Throttled };
    let millis = Duration::from_millis;
    let written = written(|observer| {
        observer.looked(&Looked::new("users", stale));
        observer.loaded(&Loaded::new("users", Trigger::Eager, millis(250), LoadOutcome::Value));
        observer.loaded(&Loaded::new("users", Trigger::Eager, millis(500), LoadOutcome::Value));
        observer.coalesced(&Coalesced::new("users"));
        let failure = Some(StoreErrorKind::ReadOnly);
        let event = StoreCalled::new("users", StoreOperation::Write, millis(125), failure);
        observer.store_called(&event);
        observer.not_decoded(&NotDecoded::new("users", UNDECODABLE[0]));
        observer.not_kept(&NotKept::new("users", NotStored::TooHeavy));
        let event = Invalidated::new("users", Scope::Tag, Mark::Expire, Origin::Elsewhere);
        observer.invalidated(&event);
        observer.connected(&Connected::new(true));
        observer.away(&Away::new(StoreErrorKind::Timeout));
        observer.back(&Back::new(millis(1500)));
        observer.queued(&Queued::new("users", 7));
        observer.recovered(&Recovered::new(5, 2));
        observer.overflowed(&Overflowed::new("users"));
        // A clone shares the instruments.
        observer.clone().coalesced(&Coalesced::new("users"));
    });
    let users = "bartizan.cache=users";
    let undecodable = format!("bartizan.cache.reason={}", UNDECODABLE[0].as_str());
    let expected = BTreeMap::from([
        one(
            "bartizan.cache.lookups {lookup}",
            [
                "bartizan.cache.level=memory",
                "bartizan.cache.outcome=stale_hit",
                "bartizan.cache.reason=throttled",
                users,
            ],
            "1",
        ),
        one(
            "bartizan.cache.load.duration s",
            ["bartizan.cache.outcome=value", "bartizan.cache.trigger=eager", users],
            "2 / 0.75, 30",
        ),
        one("bartizan.cache.coalesced {lookup}", [users], "2"),
        one(
            "bartizan.cache.store.duration s",
            ["bartizan.cache.operation=write", users, "error.type=read_only"],
            "1 / 0.125, 1",
        ),
        one("bartizan.cache.undecodable {entry}", [&undecodable, users], "1"),
        one("bartizan.cache.not_stored {value}", ["bartizan.cache.reason=too_heavy", users], "1"),
        one(
            "bartizan.cache.invalidations {invalidation}",
            [
                "bartizan.cache.mark=expire",
                "bartizan.cache.origin=elsewhere",
                "bartizan.cache.scope=tag",
                users,
            ],
            "1",
        ),
        one("bartizan.cache.recovery.queued {operation}", [users], "1"),
        one("bartizan.cache.recovery.overflowed {overflow}", [users], "1"),
        one("bartizan.cache.recovery.replayed {operation}", [], "5"),
        one(
            "bartizan.cache.backplane.connections {connection}",
            ["bartizan.cache.again=true"],
            "1",
        ),
        one("bartizan.cache.store.outages {outage}", ["error.type=timeout"], "1"),
        one("bartizan.cache.store.outage.duration s", [], "1 / 1.5, 28800"),
    ]);
    assert_eq!(written, expected);
}

#[test]
fn labels_are_closed_sets() {
    let caches = ["users", "teams"];
    let written = written(|observer| {
        for _ in 0..3 {
            for cache in caches {
                everything(observer, cache);
            }
        }
    });
    // For each cache: 3 + 2 * 4 lookups, 3 * 6 loads, 10 * (1 + 6) calls, 3 * 2 * 2 invalidations.
    let counts: Vec<_> =
        written.iter().map(|(name, points)| (name.as_str(), points.len())).collect();
    let expected = [
        ("bartizan.cache.backplane.connections {connection}", 2),
        ("bartizan.cache.coalesced {lookup}", 2),
        ("bartizan.cache.invalidations {invalidation}", 2 * 12),
        ("bartizan.cache.load.duration s", 2 * 18),
        ("bartizan.cache.lookups {lookup}", 2 * 11),
        ("bartizan.cache.not_stored {value}", 2 * 5),
        ("bartizan.cache.recovery.overflowed {overflow}", 2),
        ("bartizan.cache.recovery.queued {operation}", 2),
        ("bartizan.cache.recovery.replayed {operation}", 1),
        ("bartizan.cache.store.duration s", 2 * 70),
        ("bartizan.cache.store.outage.duration s", 1),
        ("bartizan.cache.store.outages {outage}", 6),
        ("bartizan.cache.undecodable {entry}", 2 * UNDECODABLE.len()),
    ];
    assert_eq!(counts, expected);

    let labels = |key: &str, values: &[&str]| -> Vec<String> {
        values.iter().map(|value| format!("{key}={value}")).collect()
    };
    let outcomes: Vec<_> =
        lookups().into_iter().map(Lookup::as_str).chain(LOADS.map(LoadOutcome::as_str)).collect();
    let reasons: Vec<_> = REASONS
        .iter()
        .map(|reason| reason.as_str())
        .chain(UNDECODABLE.map(Undecodable::as_str))
        .chain(NOT_STORED.map(NotStored::as_str))
        .collect();
    let allowed: BTreeSet<_> = [
        labels("bartizan.cache", &caches),
        labels("bartizan.cache.again", &["false", "true"]),
        labels("bartizan.cache.level", &LEVELS.map(Level::as_str)),
        labels("bartizan.cache.mark", &["remove", "expire"]),
        labels("bartizan.cache.operation", &OPERATIONS.map(StoreOperation::as_str)),
        labels("bartizan.cache.origin", &ORIGINS.map(Origin::as_str)),
        labels("bartizan.cache.outcome", &outcomes),
        labels("bartizan.cache.reason", &reasons),
        labels("bartizan.cache.scope", &SCOPES.map(Scope::as_str)),
        labels("bartizan.cache.trigger", &TRIGGERS.map(Trigger::as_str)),
        labels("error.type", &KINDS.map(StoreErrorKind::as_str)),
    ]
    .concat()
    .into_iter()
    .collect();
    let seen: BTreeSet<_> =
        written.into_values().flatten().flat_map(|(labels, _)| labels).collect();
    assert_eq!(seen, allowed);
}
