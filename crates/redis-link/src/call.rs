use std::time::{Duration, Instant};

use fred::interfaces::ClientLike;
use fred::types::{CustomCommand, Value as Sendable};

use crate::breaker::{Admission, Change};
use crate::error::Sent;
use crate::queue::Place;
use crate::shared::{Live, Shared};
use crate::{
    BreakerClosed, BreakerHalfOpened, BreakerOpened, CommandDone, LinkError, Outcome, Value, reply,
};

/// What an error that Redis replies says about the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effects {
    /// All or nothing, and with an error nothing.
    Whole,
    /// A script may have written before the call that failed.
    Partial,
}

impl Shared {
    /// Sends a command once, if it may be sent now, and waits for its reply.
    ///
    /// The caller holds a place in the queue.
    pub(crate) async fn send(
        &self,
        command: CustomCommand,
        args: Vec<Sendable>,
        effects: Effects,
    ) -> Result<Value, LinkError> {
        let call = self.admit()?;
        // Ends within the time that `Connection` gives the client. A timer of ours around it costs 7 %
        // of the throughput, and could not do what that one does when it rings: mark a command that
        // was not written yet, so that it never is.
        let result = match call.live.client.custom_raw(command, args).await {
            Ok(frame) => reply::read(frame).map_err(|error| {
                let partial = effects == Effects::Partial && !error.is_refusal();
                LinkError::server(error, if partial { Sent::Perhaps } else { Sent::No })
            }),
            Err(error) => Err(reply::failure(error, self.config.command_timeout)),
        };
        call.finish(&result);
        result
    }

    /// Takes a place in the queue.
    pub(crate) fn enter(&self) -> Result<Place<'_>, LinkError> {
        let place = self.queue.enter();
        place.ok_or_else(|| self.refused(LinkError::busy(self.queue.limit())))
    }

    /// Notes a command that was refused at once.
    fn refused(&self, error: LinkError) -> LinkError {
        if let Some(observer) = &self.observer {
            let outcome = Outcome::of::<()>(&Err(error.clone()));
            observer.command_done(&CommandDone { outcome, elapsed: Duration::ZERO });
        }
        error
    }

    fn admit(&self) -> Result<Call<'_>, LinkError> {
        let live = self.live().map_err(|error| self.refused(error))?;
        let Some(admission) = self.breaker.admit(Instant::now) else {
            return Err(self.refused(LinkError::breaker_open()));
        };
        if let (Admission::Probe(_), Some(observer)) = (admission, &self.observer) {
            observer.breaker_half_opened(&BreakerHalfOpened {});
        }
        let begin = self.observer.is_some().then(Instant::now);
        Ok(Call { shared: self, live, admission, begin, finished: false })
    }

    fn changed(&self, change: Change) {
        match change {
            Change::Opened { again: false } => tracing::warn!(
                target: "bartizan::redis_link",
                open_for = ?self.config.breaker.open_for, "Redis does not answer, breaker opened"
            ),
            Change::Opened { again: true } => tracing::debug!(
                target: "bartizan::redis_link", "Redis does still not answer"
            ),
            Change::Closed => tracing::info!(
                target: "bartizan::redis_link", "Redis answers again, breaker closed"
            ),
        }
        match (&self.observer, change) {
            (Some(observer), Change::Opened { .. }) => observer.breaker_opened(&BreakerOpened {}),
            (Some(observer), Change::Closed) => observer.breaker_closed(&BreakerClosed {}),
            (None, _) => (),
        }
    }
}

/// A command that was admitted. Dropped before its end, it gives back the right to try.
struct Call<'a> {
    shared: &'a Shared,
    live: Live,
    admission: Admission,
    /// Read only for an observer.
    begin: Option<Instant>,
    finished: bool,
}

impl Call<'_> {
    fn finish(mut self, result: &Result<Value, LinkError>) {
        self.finished = true;
        let breaker = &self.shared.breaker;
        let change = match result {
            // What became of an earlier connection says nothing about this one.
            Err(_) if self.live.epoch != *self.shared.epoch.borrow() => None,
            Err(error) if error.is_failure_of_redis() => {
                breaker.fail(self.admission, Instant::now())
            }
            // Never written, so it says nothing about Redis.
            Err(error) if error.is_disconnected() => {
                breaker.abandon(self.admission, Instant::now());
                None
            }
            _ => breaker.succeed(self.admission),
        };
        if let Some(change) = change {
            self.shared.changed(change);
            // Nothing came over this connection twice, or it leads to a server that was demoted.
            let demoted = matches!(result, Err(error) if error.code() == Some("READONLY"));
            if change == (Change::Opened { again: true }) || demoted {
                self.shared.condemn(self.live.epoch);
            }
        }
        self.observe(Outcome::of(result));
    }

    fn observe(&self, outcome: Outcome) {
        if let (Some(observer), Some(begin)) = (&self.shared.observer, self.begin) {
            observer.command_done(&CommandDone { outcome, elapsed: begin.elapsed() });
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.shared.breaker.abandon(self.admission, Instant::now());
            self.observe(Outcome::Cancelled);
        }
    }
}
