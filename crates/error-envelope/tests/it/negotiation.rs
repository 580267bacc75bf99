//! RFC 9110, section 12.5.1: which of the two media types an `Accept` asks for.

use std::convert::Infallible;

use bartizan_error_envelope::ErrorEnvelopeLayer;
use bartizan_probe::strict_fn;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::Layer;

use crate::support::{Heard, get, hear_from, response};

const ENVELOPE: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Lines of `Accept`, and the type that they prefer; a tie and no match get the envelope.
const TABLE: &[(&[&str], &str)] = &[
    // No wish, and wishes for one of both.
    (&[], ENVELOPE),
    (&[""], ENVELOPE),
    (&["*/*"], ENVELOPE),
    (&["application/json"], ENVELOPE),
    (&["application/problem+json"], PROBLEM),
    (&["APPLICATION/Problem+JSON"], PROBLEM),
    (&["application/*"], ENVELOPE),
    // Types that are neither: fallback JSON.
    (&["text/html"], ENVELOPE),
    (&["text/html, image/webp;q=0.8"], ENVELOPE),
    (&["application/problem+xml"], ENVELOPE),
    (&["application/problem+jsonp"], ENVELOPE),
    // Both: the higher weight.
    (&["application/json, application/problem+json"], ENVELOPE),
    (&["application/problem+json, application/json"], ENVELOPE),
    (&["application/json;q=0.8, application/problem+json"], PROBLEM),
    (&["application/problem+json;q=0.8, application/json"], ENVELOPE),
    (&["application/json;q=0.999,application/problem+json;q=1.000"], PROBLEM),
    (&["application/json;q=0.001,application/problem+json;q=0.002"], PROBLEM),
    (&["application/json;q=0.5,application/problem+json;q=0.50"], ENVELOPE),
    (&["application/json ; Q=0.3 , application/problem+json\t;\tq=0.4"], PROBLEM),
    (&["application/json;q=0.,application/problem+json;q=0.1"], PROBLEM),
    // A weight of 0 is "not acceptable", also where a wildcard says otherwise.
    (&["application/json;q=0"], ENVELOPE),
    (&["application/problem+json;q=0"], ENVELOPE),
    (&["application/problem+json;q=0, */*"], ENVELOPE),
    (&["application/json;q=0, */*"], PROBLEM),
    (&["application/json;q=0.0, application/*;q=0.1"], PROBLEM),
    (&["*/*;q=0"], ENVELOPE),
    // The most specific range decides over a type, not the first nor the heaviest.
    (&["*/*, application/json;q=0.5"], PROBLEM),
    (&["application/problem+json;q=0.7, */*;q=0.8"], ENVELOPE),
    (&["application/*;q=0.2, application/problem+json;q=0.3, */*"], PROBLEM),
    (&["text/*, application/problem+json;q=0.1"], PROBLEM),
    // Several lines are one list (RFC 9110, section 5.2).
    (&["text/html", "application/problem+json"], PROBLEM),
    (&["application/json;q=0.4", "application/problem+json;q=0.5"], PROBLEM),
    (&["application/problem+json;q=0.5", "application/json"], ENVELOPE),
    (&["*/*", "application/json;q=0"], PROBLEM),
    // Parameters of the type, and what stands after the weight; commas in quotes divide nothing.
    (&["application/problem+json;charset=utf-8"], PROBLEM),
    (&["application/json;q=0.1;ext=1, application/problem+json;q=0.2"], PROBLEM),
    (&[r#"application/json;a="b,c";q=0.1, application/problem+json;q=0.5"#], PROBLEM),
    (&[r#"text/html;a=", application/problem+json", application/json;q=0.1"#], ENVELOPE),
    (&[r#"text/html;a="\", application/problem+json", application/json;q=0.1"#], ENVELOPE),
    // Malformed: empty members are skipped, a weight that is none weighs nothing.
    (&[",, ,application/problem+json,"], PROBLEM),
    (&["application/problem+json;q=high"], ENVELOPE),
    (&["application/problem+json;q=1.1"], ENVELOPE),
    (&["application/problem+json;q=-1"], ENVELOPE),
    (&["application/problem+json;q=0.1234"], ENVELOPE),
    (&["application/problem+json;q="], ENVELOPE),
    (&["application/problem+json;q=9999999999999999999999"], ENVELOPE),
    (&["application"], ENVELOPE),
    (&[";;;=,q"], ENVELOPE),
    (&["\"application/problem+json"], ENVELOPE),
];

#[tokio::test]
async fn the_heavier_type_is_sent_and_the_envelope_when_in_doubt() {
    for (lines, media_type) in TABLE {
        let heard = ask(lines).await;
        assert_eq!(heard.header("content-type"), Some(*media_type), "{lines:?}");
        let is_envelope = heard.body.starts_with(br#"{"success":false,"#);
        assert_eq!(is_envelope, *media_type == ENVELOPE, "{lines:?}");
        assert_eq!(heard.header("vary"), Some("Accept"), "{lines:?}");
        assert_eq!(heard.status, 409, "{lines:?}");
    }
}

#[tokio::test]
async fn an_accept_that_is_no_text_gets_the_envelope() {
    let mut request = get(&[]);
    let bytes = http::HeaderValue::from_bytes(b"\xff\xfe;q=\xff").unwrap();
    request.headers_mut().insert("accept", bytes);
    let heard = hear_from(ErrorEnvelopeLayer::new().layer(conflict()), request).await;
    assert_eq!(heard.header("content-type"), Some(ENVELOPE));
}

async fn ask(lines: &[&str]) -> Heard {
    let lines: Vec<_> = lines.iter().map(|line| ("accept", *line)).collect();
    hear_from(ErrorEnvelopeLayer::new().layer(conflict()), get(&lines)).await
}

fn conflict()
-> impl tower::Service<Request<Full<Bytes>>, Response = http::Response<Full<Bytes>>, Error = Infallible>
{
    strict_fn(async |_: Request<Full<Bytes>>| Ok::<_, Infallible>(response(409, &[], "taken")))
}
