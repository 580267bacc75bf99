use std::error::Error;
use std::fmt;
use std::iter::successors;

use bartizan_contract::{Code, ErrorReport, Reply};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;

use crate::support::{json, lines, text};

#[derive(Debug)]
struct Pool(std::io::Error);

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl Error for Pool {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn report() -> ErrorReport {
    ErrorReport::from_status(StatusCode::SERVICE_UNAVAILABLE)
        .with_source(Pool(std::io::Error::other("db-7.internal refused")))
}

#[test]
fn as_a_chain_of_std_errors_with_their_types() {
    let report = report();
    let chain: Vec<_> = successors(report.source(), |error| (*error).source()).collect();
    assert!(chain[0].is::<Pool>());
    assert!(chain[1].is::<std::io::Error>());
    let words: Vec<_> = chain.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["no connection", "db-7.internal refused"]);
    assert!(ErrorReport::from_status(StatusCode::NOT_FOUND).source().is_none());
}

#[test]
fn through_a_box_and_a_downcast() {
    let boxed: Box<dyn Error + Send + Sync> = Box::new(report());
    assert_eq!(boxed.to_string(), "503 SERVICE_UNAVAILABLE: The service is unavailable");
    let report = boxed.downcast::<ErrorReport>().unwrap();
    assert!(report.source().unwrap().is::<Pool>());
}

#[test]
fn shared_between_clones() {
    let (one, two) = (report(), report().with_source("plain text"));
    let copy = one.clone();
    let address = |report: &ErrorReport| std::ptr::from_ref(report.source().unwrap()).cast::<()>();
    assert_eq!(address(&one), address(&copy));
    assert_eq!(json(&one), json(&copy));
    assert_eq!(two.source().unwrap().to_string(), "plain text");
}

#[tokio::test]
async fn hidden_from_every_client() {
    for reply in [Reply::Json, Reply::JsonHeadersOnly, Reply::GrpcTrailersOnly] {
        let response = report().into_response::<Full<Bytes>>(reply);
        let told = lines(response.headers()).join("\n") + &text(response).await;
        assert!(!told.contains("db-7") && !told.contains("connection"), "{told}");
    }
}

#[test]
fn shown_to_the_operator() {
    let shown = format!("{:?}", report().with_code(Code::from_static("POOL")));
    assert!(shown.starts_with("ErrorReport { status: 503, code: POOL, "), "{shown}");
    assert!(shown.contains("db-7.internal refused"), "{shown}");
}
