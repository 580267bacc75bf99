//! What the limiter tells of an operation, rendered, and held against what it answers.

use std::convert::Infallible;
use std::path::Path;
use std::{env, fs};

use bartizan_contract::{Content, Description, Operation, ResponseSpec, Schema};
use bartizan_describe::fragment;
use bartizan_error_envelope::{ErrorEnvelopeLayer, RequestIdLayer};
use bartizan_probe::{read, strict_fn};
use bartizan_ratelimit_tiers::{
    Class, Limits, MemoryStore, Outage, Quota, RateLimitLayer, Tier, Tiers, Treatment,
};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

type Layers = (RequestIdLayer, ErrorEnvelopeLayer, RateLimitLayer<MemoryStore>);

/// One request a minute, callers may be denied, and nobody passes while the store is away.
fn layers() -> Layers {
    let quota = Quota::per_minute(1).unwrap();
    let tiers = Tiers::new([Tier::new("free").with_quota("api", quota)]).unwrap();
    let limits = Limits::new(tiers)
        .with_class(Class::new("api").with_outage(Outage::FailClosed))
        .with_treatment(|head, _| {
            if head.headers().contains_key("x-denied") { Treatment::Deny } else { Treatment::Limit }
        });
    let limit = RateLimitLayer::new(MemoryStore::new(), limits).unwrap();
    (RequestIdLayer::new(), ErrorEnvelopeLayer::new(), limit)
}

fn document(layers: &Layers) -> Value {
    let operation = Operation::new(&Method::GET, "/leads", false);
    let mut leads = Description::new();
    let schema = Schema::inline(json!({ "type": "array" }));
    leads.add_response(
        ResponseSpec::new(StatusCode::OK, "The leads.").with_content(Content::json(schema)),
    );
    fragment(layers, &operation, leads)
}

#[test]
fn byte_for_byte() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/get_leads_limited.json");
    let rendered = format!("{:#}\n", document(&layers()));
    if env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::write(&path, &rendered).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert!(rendered == golden, "differs from {}:\n{rendered}", path.display());
}

#[tokio::test]
async fn every_answer_has_the_headers_and_the_code_that_are_told() {
    let layers = layers();
    let document = document(&layers);
    for (denied, status) in [(false, 200), (false, 429), (true, 403)] {
        let mut request = Request::get("/leads").header("x-request-id", "r-1");
        if denied {
            request = request.header("x-denied", "1");
        }
        let service = layers.layer(strict_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("[]")))
        }));
        let response = service.oneshot(request.body(()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status);
        let told = &document["paths"]["/leads"]["get"]["responses"][status.to_string()];
        for name in told["headers"].as_object().unwrap().keys() {
            assert!(response.headers().contains_key(name), "{status} {name}");
        }
        let Ok((body, _)) = read(response.into_body()).await else { panic!("the body failed") };
        if status != 200 {
            let body: Value = serde_json::from_slice(&body).unwrap();
            let codes = told["x-codes"].as_array().unwrap();
            assert!(codes.contains(&body["error"]["code"]), "{body} {codes:?}");
        }
    }
}
