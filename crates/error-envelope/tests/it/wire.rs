//! What is seen on the connection of a real HTTP/1 server.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::routing::get as get_route;
use bartizan_error_envelope::{ErrorEnvelopeLayer, RequestIdLayer};
use bartizan_probe::{Scripted, Step};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower::{BoxError, Service, ServiceBuilder, service_fn};

/// How long a connection may stay open before the test calls it stuck.
const PATIENCE: Duration = Duration::from_secs(20);

const FAILURES: [&str; 5] = ["/bare", "/text", "/panic", "/report", "/nowhere"];

#[tokio::test]
async fn head_tells_the_length_of_get_and_sends_nothing_by_plain_hyper() {
    for path in FAILURES {
        for accept in ["*/*", "application/problem+json"] {
            let head = ask(plain(), "HEAD", path, accept).await;
            let get = ask(plain(), "GET", path, accept).await;
            assert_head_is_get(&head, &get);
        }
    }
}

#[tokio::test]
async fn head_tells_the_length_of_get_and_sends_nothing_by_axum() {
    for path in FAILURES {
        for accept in ["*/*", "application/problem+json"] {
            let head = ask(router(), "HEAD", path, accept).await;
            let get = ask(router(), "GET", path, accept).await;
            assert_head_is_get(&head, &get);
        }
    }
}

#[tokio::test]
async fn a_body_panic_ends_the_connection_without_the_final_chunk() {
    for sent in
        [ask(plain(), "GET", "/stream", "*/*").await, ask(router(), "GET", "/stream", "*/*").await]
    {
        let (head, body) = split(&sent);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{sent}");
        assert!(head.contains("transfer-encoding: chunked"), "{sent}");
        // RFC 9112, section 8: without the last chunk the message is incomplete.
        assert_eq!(body, "3\r\none\r\n");
    }
}

#[tokio::test]
async fn a_stream_that_does_not_panic_has_the_final_chunk() {
    let sent = ask(plain(), "GET", "/fine", "*/*").await;
    assert_eq!(split(&sent).1, "3\r\none\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_body_panic_leaves_a_measured_body_short() {
    for sent in [
        ask(plain(), "GET", "/measured", "*/*").await,
        ask(router(), "GET", "/measured", "*/*").await,
    ] {
        let (head, body) = split(&sent);
        assert!(head.contains("content-length: 6"), "{sent}");
        assert_eq!(body, "one");
    }
}

#[tokio::test]
async fn a_panic_before_the_first_frame_is_no_complete_answer() {
    for sent in [
        ask(plain(), "GET", "/at-once", "*/*").await,
        ask(router(), "GET", "/at-once", "*/*").await,
    ] {
        assert!(!sent.contains("0\r\n\r\n"), "{sent}");
    }
}

/// RFC 9112, section 6.2: never a length beside a transfer coding; servers refuse to send both.
#[tokio::test]
async fn a_response_that_names_its_transfer_coding_is_sent_in_it() {
    let sent = ask(plain(), "GET", "/coded", "*/*").await;
    let (head, body) = split(&sent);
    assert!(head.contains("transfer-encoding: chunked\r\n"), "{sent}");
    assert!(!head.contains("content-length"), "{sent}");
    let json = r#"{"success":false,"error":{"message":"one","code":"FORBIDDEN"}}"#;
    assert_eq!(body, format!("{:X}\r\n{json}\r\n0\r\n\r\n", json.len()));
}

#[tokio::test]
async fn the_connection_outlives_a_panic_of_the_service() {
    let request = "GET /panic HTTP/1.1\r\nhost: a\r\n\r\nGET /bare HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let sent = exchange(plain(), request).await;
    let answers: Vec<_> =
        sent.match_indices("HTTP/1.1 ").map(|(at, _)| &sent[at + 9..at + 12]).collect();
    assert_eq!(answers, ["500", "404"]);
}

/// RFC 9110, section 9.3.2; the date may pass from one to the other.
fn assert_head_is_get(head: &str, get: &str) {
    let (head, nothing) = split(head);
    let (get, body) = split(get);
    assert_eq!(nothing, "");
    assert_eq!(without_changing_lines(head), without_changing_lines(get));
    assert!(get.contains(&format!("content-length: {}\r\n", body.len())), "{get}{body}");
    assert!(!body.is_empty());
}

fn without_changing_lines(head: &str) -> Vec<&str> {
    let mut lines: Vec<_> = head.lines().filter(|line| !line.starts_with("date: ")).collect();
    lines.sort_unstable();
    lines
}

fn split(sent: &str) -> (&str, &str) {
    let (head, body) = sent.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {sent:?}"));
    (&sent[..head.len() + 2], body)
}

fn plain() -> impl Service<
    Request<Incoming>,
    Response = Response<impl Body<Data = Bytes, Error: Into<BoxError>>>,
    Error = Infallible,
    Future: 'static,
> + Clone
+ 'static {
    ServiceBuilder::new().layer(RequestIdLayer::new()).layer(ErrorEnvelopeLayer::new()).service(
        service_fn(async |request: Request<Incoming>| {
            Ok::<_, Infallible>(answer(request.uri().path()))
        }),
    )
}

fn router() -> Router {
    let mut router = Router::new();
    for path in ["/bare", "/text", "/panic", "/report", "/stream", "/measured", "/at-once"] {
        router = router.route(path, get_route(async move || answer(path).map(AxumBody::new)));
    }
    router.layer(ErrorEnvelopeLayer::new()).layer(RequestIdLayer::new())
}

fn answer(path: &str) -> Response<Scripted> {
    let one = || Step::Data(Bytes::from_static(b"one"));
    let (status, body) = match path {
        "/text" => (403, Scripted::new([one()]).with_known_size()),
        "/coded" => {
            let mut response = answer("/text");
            let chunked = http::HeaderValue::from_static("chunked");
            response.headers_mut().insert("transfer-encoding", chunked);
            return response;
        }
        "/panic" => panic!("secret"),
        "/report" => {
            let report = bartizan_error_envelope::ErrorReport::from_status(StatusCode::CONFLICT);
            let body = Scripted::new([Step::Data(report.to_json())]).with_known_size();
            let mut response = Response::new(body);
            *response.status_mut() = StatusCode::CONFLICT;
            response
                .headers_mut()
                .insert("content-type", http::HeaderValue::from_static("application/json"));
            response.extensions_mut().insert(std::sync::Arc::new(report));
            return response;
        }
        "/fine" => (200, Scripted::new([one()])),
        "/stream" => (200, Scripted::new([one(), Step::Pending, Step::Panic])),
        "/measured" => {
            let steps = [one(), Step::Pending, Step::Panic, one()];
            (200, Scripted::new(steps).with_known_size())
        }
        "/at-once" => (200, Scripted::new([Step::Panic])),
        _ => (404, Scripted::new([]).with_known_size()),
    };
    Response::builder().status(status).body(body).unwrap()
}

async fn ask<S, B>(service: S, method: &str, path: &str, accept: &str) -> String
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: 'static>
        + Clone
        + 'static,
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<BoxError>,
{
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: a\r\naccept: {accept}\r\nx-request-id: case-1\r\n\
         connection: close\r\n\r\n"
    );
    exchange(service, &request).await
}

/// Sends a request and gives all that comes back until the connection ends.
async fn exchange<S, B>(service: S, request: &str) -> String
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: 'static>
        + Clone
        + 'static,
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<BoxError>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service);
        // A body that panics is an error of the connection.
        drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
    };
    let ask = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut sent = Vec::new();
        let end = timeout(PATIENCE, stream.read_to_end(&mut sent)).await;
        end.unwrap().unwrap();
        String::from_utf8(sent).unwrap()
    };
    tokio::join!(serve, ask).1
}
