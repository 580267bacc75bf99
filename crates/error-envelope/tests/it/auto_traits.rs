//! `Send`, `Sync` and lifetimes follow the inner service; the layer asks for nothing more.

use std::cell::Cell;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::pin::pin;
use std::rc::Rc;
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};

use bartizan_error_envelope::{
    EnvelopeBody, ErrorEnvelope, ErrorEnvelopeLayer, RequestIdFuture, RequestIdLayer,
    RequestIdService, ResponseFuture,
};
use bartizan_probe::{Scripted, Step, strict_fn};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::{get, hear, hear_from, now, response};

/// Tells at run time whether a type is `Send` and `Sync`: an inherent constant hides the trait's.
struct Ask<T>(PhantomData<T>);

trait Otherwise {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T> Otherwise for Ask<T> {}

impl<T: Send> Ask<T> {
    const SEND: bool = true;
}

impl<T: Sync> Ask<T> {
    const SYNC: bool = true;
}

macro_rules! of {
    ($type:ty) => {
        (<Ask<$type>>::SEND, <Ask<$type>>::SYNC)
    };
}

/// One type for each pair of `Send` and `Sync`.
type Both = u8;
type OnlySend = Cell<u8>;
type OnlySync = MutexGuard<'static, u8>;
type Neither = Rc<u8>;

macro_rules! follows {
    ($($wrapper:ty),+ $(,)?) => {
        $({
            type Of<T> = <$wrapper as Wrap>::Of<T>;
            assert_eq!(of!(Of<Both>), (true, true), stringify!($wrapper));
            assert_eq!(of!(Of<OnlySend>), (true, false), stringify!($wrapper));
            assert_eq!(of!(Of<OnlySync>), (false, true), stringify!($wrapper));
            assert_eq!(of!(Of<Neither>), (false, false), stringify!($wrapper));
        })+
    };
}

trait Wrap {
    type Of<T>;
}

macro_rules! wraps {
    ($($name:ident => $type:ty;)+) => {
        $(
            struct $name;

            impl Wrap for $name {
                type Of<T> = $type;
            }
        )+
    };
}

wraps! {
    Services => ErrorEnvelope<T>;
    Observed => ErrorEnvelope<(), T>;
    Futures => ResponseFuture<T, ()>;
    FuturesOfBodies => ResponseFuture<(), T>;
    Bodies => EnvelopeBody<T>;
    Layers => ErrorEnvelopeLayer<T>;
    IdServices => RequestIdService<T>;
    IdFutures => RequestIdFuture<T>;
}

#[test]
fn send_and_sync_follow_the_inner_service() {
    follows!(Services, Observed, Futures, FuturesOfBodies, Bodies, Layers, IdServices, IdFutures,);
}

#[test]
fn unpin_follows_the_inner_future_and_body() {
    const fn is_unpin<T: Unpin>() {}
    is_unpin::<ResponseFuture<std::future::Ready<()>, Full<Bytes>>>();
    is_unpin::<EnvelopeBody<Full<Bytes>>>();
    is_unpin::<RequestIdFuture<std::future::Ready<()>>>();
}

#[tokio::test]
async fn a_service_that_stays_on_its_thread_works_on_a_local_set() {
    let calls = Rc::new(Cell::new(0));
    let service = local_service(Rc::clone(&calls));
    let local = tokio::task::LocalSet::new();
    let heard = local
        .run_until(
            async move { tokio::task::spawn_local(hear_from(service, get(&[]))).await.unwrap() },
        )
        .await;
    assert_eq!((heard.status, calls.get()), (500, 1));
}

#[test]
fn a_service_that_stays_on_its_thread_works_without_a_runtime() {
    let calls = Rc::new(Cell::new(0));
    assert_eq!(now(hear_from(local_service(Rc::clone(&calls)), get(&[]))).status, 500);
    assert_eq!(calls.get(), 1);
}

#[test]
fn a_service_may_borrow_from_its_surroundings() {
    let words = String::from("borrowed");
    let text: &str = &words;
    let service = ErrorEnvelopeLayer::new().layer(strict_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(response(404, &[], text.to_owned()))
    }));
    assert_eq!(now(hear_from(service, get(&[]))).status, 404);
}

#[test]
fn a_body_that_waits_wakes_the_envelope() {
    let script = Scripted::new([Step::Pending, Step::Data("late".into())]).with_known_size();
    let mut answer = Some(Response::builder().status(404).body(script).unwrap());
    let service =
        ErrorEnvelopeLayer::new().layer(tower::service_fn(move |_: Request<Full<Bytes>>| {
            std::future::ready(Ok::<_, Infallible>(answer.take().unwrap()))
        }));
    let mut call = pin!(service.oneshot(get(&[])));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    let Poll::Ready(Ok(response)) = call.as_mut().poll(&mut cx) else { panic!("still waiting") };
    let expected = r#"{"success":false,"error":{"message":"late","code":"NOT_FOUND"}}"#;
    assert_eq!(now(hear(response)).body, expected);
}

/// Neither the service nor its future may leave the thread.
fn local_service(
    calls: Rc<Cell<u8>>,
) -> impl Service<Request<Full<Bytes>>, Response = Response<EnvelopeBody<Full<Bytes>>>, Error = Infallible>
{
    ServiceBuilder::new().layer(RequestIdLayer::new()).layer(ErrorEnvelopeLayer::new()).service(
        strict_fn(move |_: Request<Full<Bytes>>| {
            let calls = Rc::clone(&calls);
            async move {
                calls.set(calls.get() + 1);
                Err(std::io::Error::other("local"))
            }
        }),
    )
}
