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
        let live = self.live().map_err(|error| self.refused(error))?;
        let call = self.admit(live)?;
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
        self.audience.tell(|observer| {
            let outcome = Outcome::of::<()>(&Err(error.clone()));
            observer.command_done(&CommandDone { outcome, elapsed: Duration::ZERO });
        });
        error
    }

    /// Lets a command go to the connection that was live a moment ago.
    fn admit(&self, live: Live) -> Result<Call<'_>, LinkError> {
        let Some(admission) = self.breaker.admit(Instant::now) else {
            return Err(self.refused(LinkError::breaker_open()));
        };
        if let Admission::Probe(_) = admission {
            self.audience.tell(|observer| observer.breaker_half_opened(&BreakerHalfOpened {}));
        }
        let begin = (!self.audience.is_empty()).then(Instant::now);
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
        self.audience.tell(|observer| match change {
            Change::Opened { .. } => observer.breaker_opened(&BreakerOpened {}),
            Change::Closed => observer.breaker_closed(&BreakerClosed {}),
        });
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
            // What became of an earlier connection says nothing about this one, whose turn to try
            // it may have taken all the same: it was admitted after the new connection stood.
            Err(_) if self.live.epoch != *self.shared.epoch.borrow() => {
                breaker.abandon(self.admission, Instant::now());
                None
            }
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
        if let Some(begin) = self.begin {
            let done = CommandDone { outcome, elapsed: begin.elapsed() };
            self.shared.audience.tell(|observer| observer.command_done(&done));
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

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::{Duration, Instant};

    use fred::clients::Client;

    use crate::breaker::{Admission, BreakerState};
    use crate::error::Sent;
    use crate::shared::Shared;
    use crate::{BreakerConfig, Config, LinkError};

    #[test]
    fn a_try_over_an_earlier_connection_gives_its_turn_back() {
        let breaker = BreakerConfig::new()
            .with_failures(NonZeroU32::MIN)
            .with_open_for(Duration::from_secs(3600));
        let config = Config::from_url("redis://127.0.0.1:1").unwrap().with_breaker(breaker);
        let shared = Shared::new(&config, None);
        let client = Client::default();
        shared.came_up(&client);
        shared.breaker.fail(Admission::Free, Instant::now());

        let earlier = shared.live().unwrap();
        shared.came_up(&client);
        let late = shared.admit(earlier).ok().unwrap();
        assert!(matches!(late.admission, Admission::Probe(_)));
        assert!(shared.admit(shared.live().unwrap()).is_err(), "one at a time tries");
        late.finish(&Err(LinkError::disconnected(Sent::Perhaps)));

        let next = shared.admit(shared.live().unwrap()).ok().unwrap();
        assert!(matches!(next.admission, Admission::Probe(_)));
        next.finish(&Ok(crate::Value::Nil));
        assert_eq!(shared.breaker.state(Instant::now()), BreakerState::Closed);
    }
}
