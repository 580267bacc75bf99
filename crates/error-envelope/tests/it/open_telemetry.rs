//! The ready observer, read back from the SDK.

use std::convert::Infallible;

use bartizan_error_envelope::{ErrorEnvelopeLayer, OpenTelemetryObserver};
use bartizan_probe::{Scripted, Step, read};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{get, now};

#[test]
fn answers_and_panics_are_counted_by_closed_attributes() {
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let layer = ErrorEnvelopeLayer::new()
        .with_observer(OpenTelemetryObserver::new(&provider.meter("bartizan")));
    for path in ["/gone", "/gone", "/text", "/panic", "/stream", "/fine"] {
        let service = layer.layer(service_fn(answer));
        let mut request = get(&[]);
        *request.uri_mut() = path.parse().unwrap();
        let response = now(service.oneshot(request)).unwrap();
        drop(now(read(response.into_body())));
    }
    provider.force_flush().unwrap();

    let collected = exporter.get_finished_metrics().unwrap();
    let mut metrics: Vec<_> = collected
        .iter()
        .flat_map(ResourceMetrics::scope_metrics)
        .flat_map(ScopeMetrics::metrics)
        .map(|metric| (metric.name().to_owned(), metric.unit().to_owned(), points(metric)))
        .collect();
    metrics.sort();
    let answers = [
        "bartizan.origin=bare_status error.type=GONE http.response.status_code=410: 2",
        "bartizan.origin=panic error.type=INTERNAL_ERROR http.response.status_code=500: 1",
        "bartizan.origin=text error.type=SERVICE_UNAVAILABLE http.response.status_code=503: 1",
    ];
    let panics = ["bartizan.stage=body: 1", "bartizan.stage=future: 1"];
    let own = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        metrics,
        [
            ("bartizan.error_envelope.answers".to_owned(), "{answer}".to_owned(), own(&answers)),
            ("bartizan.error_envelope.panics".to_owned(), "{panic}".to_owned(), own(&panics)),
        ]
    );
}

async fn answer(request: Request<Full<Bytes>>) -> Result<Response<Scripted>, Infallible> {
    let (status, steps) = match request.uri().path() {
        "/gone" => (410, vec![]),
        "/text" => (503, vec![Step::Data("down".into())]),
        "/panic" => panic!("in the future"),
        "/stream" => (200, vec![Step::Panic]),
        _ => (200, vec![Step::Data("fine".into())]),
    };
    let body = Scripted::new(steps);
    let body = if status == 200 { body } else { body.with_known_size() };
    Ok(Response::builder().status(status).body(body).unwrap())
}

/// The points of a counter as sorted lines.
fn points(metric: &Metric) -> Vec<String> {
    let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() else {
        panic!("{} is no counter", metric.name())
    };
    assert!(sum.is_monotonic());
    let mut lines: Vec<_> = sum
        .data_points()
        .map(|point| {
            let mut pairs: Vec<_> =
                point.attributes().map(|pair| format!("{}={}", pair.key, pair.value)).collect();
            pairs.sort();
            format!("{}: {}", pairs.join(" "), point.value())
        })
        .collect();
    lines.sort();
    lines
}
