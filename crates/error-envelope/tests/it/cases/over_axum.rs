use bartizan_error_envelope::matched_path;
use tower::ServiceBuilder;

use super::router::router;
use super::{Becomes, all};
use crate::support::{Accepting, envelope, hear_from};

#[tokio::test]
async fn the_table_tells_what_axum_answers_without_an_envelope() {
    for case in all() {
        let request = case.request(case.asked.method, Accepting::Anything);
        assert_eq!(hear_from(router(), request).await, case.bare.heard(), "{}", case.name);
    }
}

#[tokio::test]
async fn every_failure_of_a_router_has_one_shape() {
    let app = router().layer(envelope().with_route_of(matched_path));
    for case in all() {
        for (method, accepting) in case.forms() {
            let heard = hear_from(app.clone(), case.request(method, accepting)).await;
            let expected = case.expected(method, accepting, true);
            assert_eq!(heard, expected, "{} by {method}, {accepting:?}", case.name);
        }
    }
}

/// Around the router the envelope sees axum's finished answers, with `Content-Length` and `Allow`.
/// The content of `HEAD` is cut off by then, and the route is not known.
#[tokio::test]
async fn every_failure_of_a_router_inside_has_one_shape() {
    let app = ServiceBuilder::new().layer(envelope()).service(router());
    for case in all().filter(|case| case.name != "unmatched route") {
        for accepting in Accepting::BOTH {
            let method = case.asked.method;
            let heard = hear_from(app.clone(), case.request(method, accepting)).await;
            let expected = case.expected(method, accepting, true);
            assert_eq!(heard, expected, "{} {accepting:?}", case.name);
        }
    }
}

/// RFC 9110, section 9.3.2: a `HEAD` answer need not tell the length of what nobody has made, but
/// must not tell a wrong one.
#[tokio::test]
async fn a_head_answer_cut_off_further_in_tells_no_wrong_length() {
    let app = ServiceBuilder::new().layer(envelope()).service(router());
    for case in all().filter(|case| case.name != "unmatched route" && case.has_head()) {
        let heard = hear_from(app.clone(), case.request("HEAD", Accepting::Anything)).await;
        let mut expected = case.expected("HEAD", Accepting::Anything, true);
        let text_is_message = matches!(case.becomes, Becomes::Error(answer) if answer.status < 500)
            && !case.bare.body.bytes().is_empty();
        if text_is_message {
            expected.headers.retain(|(name, _)| name != "content-length");
        }
        assert_eq!(heard, expected, "{}", case.name);
    }
}
