//! The ready observer, read back from the SDK.

use bartizan_probe::Redis;
use bartizan_redis_link::{Link, OpenTelemetryObserver};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData};
use opentelemetry_sdk::metrics::data::{ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

use crate::support::{PATIENCE, config, ping, until};

#[tokio::test(flavor = "multi_thread")]
async fn commands_connections_and_changes_are_counted_by_closed_attributes() {
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let observer = OpenTelemetryObserver::new(&provider.meter("bartizan"));

    let mut redis = Redis::start();
    let link = Link::connect_observed(&config(&redis.url()), observer);
    link.ready(PATIENCE).await.unwrap();
    ping(&link).await.unwrap();
    ping(&link).await.unwrap();
    redis.pause();
    for _ in 0..5 {
        ping(&link).await.unwrap_err();
    }
    redis.kill();
    until("the loss is known", || async {
        ping(&link).await.is_err_and(|it| it.is_disconnected())
    })
    .await;
    provider.force_flush().unwrap();

    let collected = exporter.get_finished_metrics().unwrap();
    let mut points: Vec<_> = collected
        .iter()
        .flat_map(ResourceMetrics::scope_metrics)
        .flat_map(ScopeMetrics::metrics)
        .flat_map(points)
        .collect();
    points.sort();
    points.retain(|point| !point.contains("=disconnected") && !point.contains("=breaker_open"));
    assert_eq!(
        points,
        [
            "bartizan.redis_link.breaker.changes bartizan.breaker.state=open: 1",
            "bartizan.redis_link.command.duration bartizan.outcome=replied: 2",
            "bartizan.redis_link.command.duration bartizan.outcome=timeout: 3",
            "bartizan.redis_link.connections: 1",
            "bartizan.redis_link.outages bartizan.outage=lost: 1",
            "bartizan.redis_link.up: 0",
        ]
    );
}

/// Each point of a metric as a line.
fn points(metric: &Metric) -> Vec<String> {
    let line = |attributes: Vec<String>, count: u64| {
        let attributes = attributes.join(" ");
        let name = metric.name();
        if attributes.is_empty() {
            format!("{name}: {count}")
        } else {
            format!("{name} {attributes}: {count}")
        }
    };
    let show = |it: &opentelemetry::KeyValue| format!("{}={}", it.key, it.value);
    match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => sum
            .data_points()
            .map(|it| line(it.attributes().map(show).collect(), it.value()))
            .collect(),
        AggregatedMetrics::U64(MetricData::Gauge(gauge)) => gauge
            .data_points()
            .map(|it| line(it.attributes().map(show).collect(), it.value()))
            .collect(),
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
            .data_points()
            .map(|it| line(it.attributes().map(show).collect(), it.count()))
            .collect(),
        _ => panic!("{} is something else", metric.name()),
    }
}
