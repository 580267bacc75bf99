//! What happens to a request next; and what happens to it while something is waited for.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use arc_swap::Guard;
use bartizan_contract::{Reply, ResponseBody};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use crate::decision::{After, Asked, Looked, Refused, Settled, Shown};
use crate::layer::Shared;
use crate::policy::Plan;
use crate::store::Managing;
use crate::waiting::Waiting;
use crate::{Answer, Caller, Head, Observer, ResolveTier, Store, StoreAnswered, StoreError};

/// What happens to a request next.
pub(crate) enum Turn<F> {
    /// The inner service is called.
    Pass(After),
    /// It is refused.
    Refuse(Refused),
    /// The store is waited for.
    Decide(Box<Pending<F>>),
    /// It is delayed.
    Delay(Duration, Waiting, After),
    /// It is refused once the store has blocked its subject.
    Penalise(Managing<Duration>, Shown),
}

/// What the store was asked. Boxed, so that requests that wait for nothing do not carry it about.
pub(crate) struct Pending<F> {
    future: F,
    asked: Asked,
    plan: Arc<Plan>,
}

/// A request that waits, with the instance of the inner service that was ready for it.
pub(crate) struct Held<S, St, R, O, B> {
    pub(crate) request: Request<B>,
    pub(crate) inner: S,
    pub(crate) shared: Arc<Shared<St, R, O>>,
}

impl<St: Store, R, O: Observer> Shared<St, R, O> {
    /// Finds the limits of a request and asks for them.
    #[inline]
    pub(crate) fn turn(&self, head: &Head<'_>, caller: Option<&Caller>) -> Turn<St::Future> {
        let plan = self.core.policies.plan();
        let mut asked = Asked::default();
        match self.core.look(&plan, head, caller, &*self.observer, &mut asked) {
            Looked::Unlimited => {
                return Turn::Pass(After { permits: asked.permits, ..After::default() });
            }
            Looked::Refused(refused) => return Turn::Refuse(refused),
            Looked::Ask => {}
        }
        self.next(match asked.ask(&self.store) {
            // Borrowed, since a verdict is large and would be moved.
            Answer::Now(Ok(ref verdict)) => {
                self.core.judge(&plan, &mut asked, verdict, &*self.observer)
            }
            Answer::Now(Err(error)) => {
                self.core.without_store(&plan, &mut asked, error, &*self.observer)
            }
            Answer::Later(future) => {
                let plan = Guard::into_inner(plan);
                return Turn::Decide(Box::new(Pending { future, asked, plan }));
            }
        })
    }

    #[inline]
    fn next(&self, settled: Settled) -> Turn<St::Future> {
        match settled {
            Settled::Pass(after) => Turn::Pass(after),
            Settled::Delay(wait, waiting, after) => Turn::Delay(wait, waiting, after),
            Settled::Refuse(refused) => Turn::Refuse(refused),
            Settled::Penalise { shown, penalties, is_local } => match self.core.manager(is_local) {
                Some(manager) => Turn::Penalise(manager.penalise(penalties, shown.now), shown),
                None => Turn::Refuse(limited(shown, None)),
            },
        }
    }
}

/// The refusal of a limit: until it admits again, or until a block is over.
fn limited(shown: Shown, block: Option<Duration>) -> Refused {
    let wait = shown.outcome.retry_after().max(block.unwrap_or_default());
    Refused::Limited(shown, wait)
}

pin_project! {
    /// A request that waits for something.
    #[project = SlowProj]
    pub(crate) enum Slow<S, St, R, O, B>
    where
        St: Store,
        R: ResolveTier,
    {
        Resolving { #[pin] future: R::Future, held: Option<Held<S, St, R, O, B>> },
        Deciding {
            #[pin]
            future: St::Future,
            asked: Asked,
            plan: Arc<Plan>,
            since: Instant,
            held: Option<Held<S, St, R, O, B>>,
        },
        Delaying {
            #[pin]
            sleep: Sleep,
            waiting: Waiting,
            after: After,
            held: Option<Held<S, St, R, O, B>>,
        },
        Penalising {
            future: Managing<Duration>,
            shown: Option<Shown>,
            held: Option<Held<S, St, R, O, B>>,
        },
        Turning { turn: Option<Turn<St::Future>>, held: Option<Held<S, St, R, O, B>> },
    }
}

/// What the waiting came to.
pub(crate) enum Step<S, St, R, O, B, ResBody> {
    /// The inner service is to be called.
    Call(Held<S, St, R, O, B>, After),
    /// The request is refused.
    Answer(Response<ResponseBody<ResBody>>),
}

impl<S, St: Store, R: ResolveTier, O: Observer, B> Slow<S, St, R, O, B> {
    pub(crate) fn of(turn: Turn<St::Future>, held: Held<S, St, R, O, B>) -> Self {
        let held = Some(held);
        match turn {
            Turn::Decide(pending) => {
                let Pending { future, asked, plan } = *pending;
                Self::Deciding { future, asked, plan, since: Instant::now(), held }
            }
            Turn::Delay(wait, waiting, after) => {
                Self::Delaying { sleep: sleep(wait), waiting, after, held }
            }
            Turn::Penalise(future, shown) => Self::Penalising { future, shown: Some(shown), held },
            turn => Self::Turning { turn: Some(turn), held },
        }
    }

    pub(crate) fn poll<ResBody>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Step<S, St, R, O, B, ResBody>> {
        loop {
            let (turn, held) = match self.as_mut().project() {
                // Resolving -> what the limits say
                SlowProj::Resolving { future, held } => {
                    let caller = ready!(future.poll(cx));
                    let kept = take(held);
                    let shared = &kept.shared;
                    let head = Head::new(&kept.request, shared.store.hasher());
                    (shared.turn(&head, caller.as_ref()), kept)
                }
                // Deciding -> what the verdict says
                SlowProj::Deciding { future, asked, plan, since, held } => {
                    let result = ready!(future.poll(cx));
                    let held = take(held);
                    held.shared.observer.answered(&StoreAnswered {
                        elapsed: since.elapsed(),
                        failure: result.as_ref().err().map(StoreError::kind),
                    });
                    let Shared { core, observer, .. } = &*held.shared;
                    let observer = &**observer;
                    let settled = match result {
                        Ok(verdict) => core.judge(plan, asked, &verdict, observer),
                        Err(error) => core.without_store(plan, asked, error, observer),
                    };
                    (held.shared.next(settled), held)
                }
                // Delaying -> Pass
                SlowProj::Delaying { sleep, after, held, .. } => {
                    ready!(sleep.poll(cx));
                    (Turn::Pass(std::mem::take(after)), take(held))
                }
                // Penalising -> Refuse; a store that fails now has refused before
                SlowProj::Penalising { future, shown, held } => {
                    let block = ready!(future.as_mut().poll(cx)).ok();
                    (Turn::Refuse(limited(take(shown), block)), take(held))
                }
                SlowProj::Turning { turn, held } => (take(turn), take(held)),
            };
            match turn {
                Turn::Pass(after) => return Poll::Ready(Step::Call(held, after)),
                Turn::Refuse(refused) => {
                    let reply = Reply::for_request(&held.request);
                    return Poll::Ready(Step::Answer(held.shared.core.answer(refused, reply)));
                }
                turn => self.set(Self::of(turn, held)),
            }
        }
    }
}

#[expect(clippy::expect_used, reason = "polling a finished future is the caller's mistake")]
pub(crate) fn take<T>(once: &mut Option<T>) -> T {
    once.take().expect("`ResponseFuture` polled after completion")
}
