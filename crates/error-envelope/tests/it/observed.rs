//! Every answer and every panic is counted once, by origin and by stage.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bartizan_error_envelope::{
    Answered, Code, ErrorEnvelopeLayer, ErrorReport, Observer, Origin, Panicked, Stage,
};
use bartizan_probe::{Controlled, Scripted, Step, read, strict_fn};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::support::{Seen, get, hear_from, now, request, response};

type Answer = Result<Response<Full<Bytes>>, BoxError>;
type Event = (u16, &'static str, Origin);

#[test]
fn each_origin_is_counted_once_also_by_nested_envelopes() {
    let table: [(fn() -> Answer, Event); 6] = [
        (|| Ok(reported()), (409, "NAME_TAKEN", Origin::Report)),
        (|| Ok(response(405, &[], "")), (405, "METHOD_NOT_ALLOWED", Origin::BareStatus)),
        (|| Ok(response(502, &[], "down")), (502, "BAD_GATEWAY", Origin::Text)),
        (|| Err("down".into()), (500, "INTERNAL_ERROR", Origin::Error)),
        (|| panic!("in the future"), (500, "INTERNAL_ERROR", Origin::Panic)),
        (|| Err(report().into()), (409, "NAME_TAKEN", Origin::Error)),
    ];
    for (fail, event) in table {
        for method in ["GET", "HEAD"] {
            let (inner, outer) = (Seen::default(), Seen::default());
            let service = ServiceBuilder::new()
                .layer(ErrorEnvelopeLayer::new().with_observer(outer.clone()))
                .layer(ErrorEnvelopeLayer::new().with_observer(inner.clone()))
                .service(strict_fn(move |_: Request<Full<Bytes>>| async move { fail() }));
            now(service.oneshot(request(method, &[]))).unwrap();
            assert_eq!(inner.answered(), [event]);
            assert_eq!(outer.answered(), []);
            let panics = usize::from(event.2 == Origin::Panic);
            assert_eq!(inner.panicked(), vec![Stage::Future; panics]);
            assert_eq!(outer.panicked(), []);
        }
    }
}

#[test]
fn an_unready_service_is_counted_when_its_failure_answers() {
    let (inner, control) = Controlled::<Request<Full<Bytes>>, Response<Full<Bytes>>, _>::new();
    control.fail_ready(BoxError::from("pool closed"));
    let seen = Seen::default();
    let service = ErrorEnvelopeLayer::new().with_observer(seen.clone()).layer(inner);
    now(service.oneshot(get(&[]))).unwrap();
    assert_eq!(seen.answered(), [(500, "INTERNAL_ERROR", Origin::Readiness)]);
    assert_eq!(seen.panicked(), []);
}

#[test]
fn each_stage_of_a_panic_is_counted_once() {
    for stage in [Stage::Ready, Stage::Call, Stage::Future, Stage::Body] {
        let seen = Seen::default();
        let layer = ErrorEnvelopeLayer::new().with_observer(seen.clone());
        let response = now(layer.layer(PanicsIn(stage)).oneshot(get(&[]))).unwrap();
        drop(now(read(response.into_body())));
        assert_eq!(seen.panicked(), [stage]);
        let answers = usize::from(stage != Stage::Body);
        assert_eq!(seen.answered(), vec![(500, "INTERNAL_ERROR", Origin::Panic); answers]);
    }
}

#[test]
fn what_passes_is_not_counted() {
    let seen = Seen::default();
    for (status, kind) in [(200, "text/plain"), (304, "text/plain"), (500, "text/html")] {
        let service = ErrorEnvelopeLayer::new().with_observer(seen.clone()).layer(strict_fn(
            async |_: Request<Full<Bytes>>| {
                Ok::<_, Infallible>(response(status, &[("content-type", kind)], "as it is"))
            },
        ));
        assert_eq!(now(hear_from(service, get(&[]))).body, "as it is");
    }
    assert_eq!(seen.answered(), []);
}

#[test]
fn an_observer_that_panics_harms_no_answer() {
    #[derive(Clone, Debug)]
    struct Clumsy;

    impl Observer for Clumsy {
        fn answered(&self, _: &Answered) {
            panic!("secret of the observer")
        }

        fn panicked(&self, _: &Panicked) {
            panic!("secret of the observer")
        }
    }

    for stage in [Stage::Ready, Stage::Call, Stage::Future] {
        let layer = ErrorEnvelopeLayer::new().with_observer(Clumsy);
        let heard = now(hear_from(layer.layer(PanicsIn(stage)), get(&[])));
        assert_eq!(heard.status, 500);
    }
    let layer = ErrorEnvelopeLayer::new().with_observer(Clumsy);
    let response = now(layer.layer(PanicsIn(Stage::Body)).oneshot(get(&[]))).unwrap();
    assert!(now(read(response.into_body())).unwrap_err().is_panic());
}

#[test]
fn an_observer_may_be_shared_and_unsized() {
    let seen = Seen::default();
    let shared: Arc<dyn Observer> = Arc::new(seen.clone());
    let service = ErrorEnvelopeLayer::new()
        .with_observer(shared)
        .layer(service_fn(async |_: Request<Full<Bytes>>| -> Answer { panic!("once") }));
    now(service.oneshot(get(&[]))).unwrap();
    assert_eq!(seen.answered(), [(500, "INTERNAL_ERROR", Origin::Panic)]);
    assert_eq!(seen.panicked(), [Stage::Future]);
}

#[test]
fn labels_are_closed_sets_of_lower_snake_case() {
    let origins = [
        (Origin::Report, "report"),
        (Origin::BareStatus, "bare_status"),
        (Origin::Text, "text"),
        (Origin::Error, "error"),
        (Origin::Readiness, "readiness"),
        (Origin::Panic, "panic"),
    ];
    assert!(origins.iter().all(|(origin, label)| origin.as_str() == *label));
    let stages = [
        (Stage::Ready, "ready"),
        (Stage::Call, "call"),
        (Stage::Future, "future"),
        (Stage::Body, "body"),
    ];
    assert!(stages.iter().all(|(stage, label)| stage.as_str() == *label));
}

struct PanicsIn(Stage);

impl Service<Request<Full<Bytes>>> for PanicsIn {
    type Response = Response<Scripted>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response<Scripted>, Infallible>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        assert!(self.0 != Stage::Ready, "secret");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        assert!(self.0 != Stage::Call, "secret");
        let stage = self.0;
        Box::pin(async move {
            assert!(stage != Stage::Future, "secret");
            Ok(Response::new(Scripted::new([Step::Panic])))
        })
    }
}

fn report() -> ErrorReport {
    ErrorReport::new(StatusCode::CONFLICT, Code::from_static("NAME_TAKEN"), "Taken")
}

fn reported() -> Response<Full<Bytes>> {
    let mut response = response(409, &[], "");
    response.extensions_mut().insert(Arc::new(report()));
    response
}
