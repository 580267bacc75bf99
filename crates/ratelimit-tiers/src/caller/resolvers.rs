use std::future::Ready;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::HeaderName;
use pin_project_lite::pin_project;

use crate::{Answer, Caller, Head, ResolveTier, TierName};

/// Knows no caller: everybody is limited by address, in the default tier.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByClientIp;

impl ResolveTier for ByClientIp {
    type Future = Ready<Option<Caller>>;

    fn resolve(&self, _: &Head<'_>) -> Answer<Self::Future> {
        Answer::Now(None)
    }
}

/// Takes the value of a header as the caller's name, in the default tier.
///
/// For headers that a gateway sets and clients cannot: whoever may write it is a new subject with
/// each new value. For keys of clients use [`by_api_key`].
pub fn by_header(name: HeaderName) -> impl Fn(&Head<'_>) -> Option<Caller> + Clone {
    let kind = format!("header {name}");
    move |head| {
        let value = head.headers().get(&name)?;
        Some(Caller::new(head.subject(&kind, value.as_bytes())))
    }
}

/// Takes the caller from what another layer has left in the extensions.
pub fn by_extension<T, F>(caller: F) -> impl Fn(&Head<'_>) -> Option<Caller> + Clone
where
    T: Send + Sync + 'static,
    F: Fn(&T, &Head<'_>) -> Option<Caller> + Clone,
{
    move |head| caller(head.extensions().get::<T>()?, head)
}

/// Looks up the tier of the key in a header. Each key is a caller: where accounts have several, use
/// a closure that names the account. A key that is unknown is no caller, so guessing keys
/// counts against the address.
pub fn by_api_key<F, T>(
    name: HeaderName,
    tier_of: F,
) -> impl Fn(&Head<'_>) -> Option<Caller> + Clone
where
    F: Fn(&[u8]) -> Option<T> + Clone,
    T: Into<TierName>,
{
    let kind = format!("key {name}");
    move |head| {
        let key = head.headers().get(&name)?.as_bytes();
        Some(Caller::of_tier(head.subject(&kind, key), tier_of(key)?))
    }
}

/// Asks one resolver, and another when that one knows nobody.
#[derive(Clone, Copy, Debug)]
pub struct Or<A, B> {
    first: A,
    second: B,
}

/// Asks `first`, and `second` when that one knows nobody.
///
/// The second is asked at once, before the first has answered, for the request is not kept.
pub const fn either<A: ResolveTier, B: ResolveTier>(first: A, second: B) -> Or<A, B> {
    Or { first, second }
}

impl<A: ResolveTier, B: ResolveTier> ResolveTier for Or<A, B> {
    type Future = OrFuture<A::Future, B::Future>;

    fn resolve(&self, head: &Head<'_>) -> Answer<Self::Future> {
        let first = match self.first.resolve(head) {
            Answer::Now(Some(caller)) => return Answer::Now(Some(caller)),
            Answer::Now(None) => None,
            Answer::Later(first) => Some(first),
        };
        match (first, self.second.resolve(head)) {
            (None, Answer::Now(second)) => Answer::Now(second),
            (first, second) => {
                let (second, known) = match second {
                    Answer::Now(known) => (None, known),
                    Answer::Later(second) => (Some(second), None),
                };
                Answer::Later(OrFuture { first, second, known })
            }
        }
    }
}

pin_project! {
    /// Waits for the first resolver, and for the second if need be.
    #[derive(Debug)]
    pub struct OrFuture<A, B> {
        #[pin]
        first: Option<A>,
        #[pin]
        second: Option<B>,
        known: Option<Caller>,
    }
}

impl<A, B> Future for OrFuture<A, B>
where
    A: Future<Output = Option<Caller>>,
    B: Future<Output = Option<Caller>>,
{
    type Output = Option<Caller>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Caller>> {
        let mut this = self.project();
        if let Some(first) = this.first.as_mut().as_pin_mut() {
            let caller = ready!(first.poll(cx));
            this.first.set(None);
            if caller.is_some() {
                return Poll::Ready(caller);
            }
        }
        match this.second.as_mut().as_pin_mut() {
            Some(second) => second.poll(cx),
            None => Poll::Ready(this.known.take()),
        }
    }
}
