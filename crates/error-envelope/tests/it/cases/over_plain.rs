use std::convert::Infallible;

use bartizan_error_envelope::PassThrough;
use bartizan_probe::{Scripted, Step, strict_fn};
use bytes::Bytes;
use http::{Extensions, Response};
use http_body::Body;
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use super::{Case, Content, all};
use crate::support::{Accepting, Heard, envelope, hear, response};

/// Set by a router that is not axum.
#[derive(Clone)]
struct Template(&'static str);

fn template(extensions: &Extensions) -> Option<&str> {
    extensions.get::<Template>().map(|template| template.0)
}

#[tokio::test]
async fn every_failure_of_a_plain_service_has_one_shape() {
    for case in all() {
        for (method, accepting) in case.forms() {
            let heard = ask(case, method, accepting).await;
            let expected = case.expected(method, accepting, false);
            assert_eq!(heard, expected, "{} by {method}, {accepting:?}", case.name);
        }
    }
}

async fn ask(case: &Case, method: &str, accepting: Accepting) -> Heard {
    let head = response(case.bare.status, case.bare.headers, "").into_parts().0;
    match case.bare.body {
        Content::Complete(bytes) => {
            let response = Response::from_parts(head, Full::new(Bytes::from_static(bytes)));
            through_the_envelope(case, method, accepting, response).await
        }
        Content::Marked(bytes) => {
            let mut response = Response::from_parts(head, Full::new(Bytes::from_static(bytes)));
            response.extensions_mut().insert(PassThrough);
            through_the_envelope(case, method, accepting, response).await
        }
        Content::Stream(chunks) => {
            let steps = chunks.iter().map(|chunk| Step::Data(Bytes::from_static(chunk)));
            let response = Response::from_parts(head, Scripted::new(steps));
            through_the_envelope(case, method, accepting, response).await
        }
    }
}

async fn through_the_envelope<B>(
    case: &Case,
    method: &str,
    accepting: Accepting,
    response: Response<B>,
) -> Heard
where
    B: Body<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let response = std::sync::Mutex::new(Some(response));
    let service =
        envelope().with_route_of(template).layer(strict_fn(|_: http::Request<Full<Bytes>>| {
            let response = response.lock().unwrap().take().unwrap();
            async { Ok::<_, Infallible>(response) }
        }));
    let mut request = case.request(method, accepting);
    if case.name != "unmatched route" {
        request.extensions_mut().insert(Template("/a/{route}"));
    }
    hear(service.oneshot(request).await.unwrap()).await
}
