use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Waits for all of a few futures, at the same time.
pub(super) async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> =
        futures.into_iter().map(|future| State::Waits(Box::pin(future))).collect();
    poll_fn(|cx| {
        let mut all = true;
        for state in &mut waiting {
            if let State::Waits(future) = state {
                match future.as_mut().poll(cx) {
                    Poll::Ready(output) => *state = State::Done(output),
                    Poll::Pending => all = false,
                }
            }
        }
        if all { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let done = |state| match state {
        State::Done(output) => Some(output),
        State::Waits(_) => None,
    };
    waiting.into_iter().filter_map(done).collect()
}

enum State<F: Future> {
    Waits(Pin<Box<F>>),
    Done(F::Output),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_for_the_slowest_and_keeps_the_order() {
        let begin = Instant::now();
        let seconds = [3, 1, 2];
        let slept = together(seconds.map(|seconds| async move {
            sleep(Duration::from_secs(seconds)).await;
            seconds
        }));
        assert_eq!(slept.await, seconds);
        assert_eq!(begin.elapsed(), Duration::from_secs(3));
    }
}
