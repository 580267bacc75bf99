use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::store::land;
use super::{Duty, Errand, Origin, RETRY, Received, length_of};
use crate::CacheBody;
use crate::handled::Answered;
use crate::observe::Lookup;
use crate::policy::http::{
    Exchange, Forward, NotStorable, add_validators, may_serve_on_error, storing,
};
use crate::request::Facts;
use crate::responses::{Fetched, Unstored};
use crate::{Level, StaleReason};

impl<S, ReqBody, ResBody> Errand<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    ReqBody: Send + 'static,
    ResBody: Body<Data = Bytes> + Send + 'static,
{
    /// Asks the inner service and settles what it says.
    pub(super) fn ask(
        mut self,
        origin: Arc<Origin>,
        duty: Option<Duty>,
    ) -> impl Future<Output = Result<Response<CacheBody<ResBody>>, S::Error>> + Send + 'static {
        let clock = Arc::clone(&self.shared.responses.0.core.ground.clock);
        let begun = self.shared.responses.0.core.begin_reading();
        let asked = clock.wall();
        let validates = origin.adds_validators(self.request.headers_mut());
        async move {
            let called = self.inner.call(self.request).await;
            let received = Received {
                begun,
                exchange: Exchange { asked, answered: clock.wall() },
                at: clock.now(),
            };
            match called {
                Ok(response) => Ok(origin.settle(response, received, validates, duty)),
                Err(error) => {
                    let spare = origin.has_spare().then(|| origin.spare(None));
                    land(duty, Fetched::NotStored);
                    spare.ok_or_else(|| {
                        let handled = origin.handled(Answered::Inner);
                        origin.tell(Lookup::Miss, handled.forwarded(origin.forward, None));
                        error
                    })
                }
            }
        }
    }
}

impl Origin {
    /// Makes the request validate what is stored.
    fn adds_validators(&self, headers: &mut HeaderMap) -> bool {
        match &self.kept {
            Some(kept) if self.method == Method::GET => {
                let validates = add_validators(headers, [&kept.stored.headers]);
                // The origin does not know it, and takes no notice of the date beside it (RFC 9110,
                // section 13.1.3).
                if validates && self.shared.has_made_tag(&kept.stored) {
                    headers.remove(IF_NONE_MATCH);
                    return headers.contains_key(IF_MODIFIED_SINCE);
                }
                validates
            }
            _ => false,
        }
    }

    /// Whether what is stored may stand for an error.
    pub(super) fn has_spare(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| {
            let stale_for = kept.stale_for.unwrap_or_default();
            self.forward == Forward::Stale
                && may_serve_on_error(&kept.stored.terms, stale_for, &self.directives)
        })
    }

    /// What is stored, in place of an error. Others take it for a while without asking.
    pub(super) fn spare<B>(&self, status: Option<StatusCode>) -> Response<CacheBody<B>> {
        let Some(kept) = &self.kept else { return Response::new(CacheBody::empty()) };
        kept.hold_back(self.shelf().core.now().saturating_add(RETRY));
        let reason = StaleReason::LoaderFailed;
        let handled = self.handled(Answered::StaleForError).forwarded(self.forward, status);
        self.tell(Lookup::StaleHit { level: Level::Memory, reason }, handled);
        self.shared.shape(&kept.stored, kept.time(), self.shape(), handled)
    }

    fn settle<B>(
        &self,
        response: Response<B>,
        received: Received,
        validates: bool,
        duty: Option<Duty>,
    ) -> Response<CacheBody<B>>
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        let status = response.status();
        if validates
            && status == StatusCode::NOT_MODIFIED
            && let Some(kept) = &self.kept
        {
            return self.validated(kept, response.headers(), received, duty);
        }
        if is_outage(status) && self.has_spare() {
            let spare = self.spare(Some(status));
            land(duty, Fetched::NotStored);
            return spare;
        }
        if self.method == Method::HEAD {
            self.learn_from_head(status, response.headers(), received);
        }
        let rules = &self.shared.settings.rules;
        let terms = storing(self.asked(), status, response.headers(), received.exchange, rules);
        let why = match terms {
            Ok(terms) if self.fits(&response) => {
                return self.store(response, terms, received, duty);
            }
            Ok(_) => Some(Unstored::Size),
            // These speak of the request: the response to another may be stored.
            Err(NotStorable::RequestNoStore | NotStorable::Authorization) => None,
            Err(_) => Some(Unstored::Terms),
        };
        if let Some(why) = why {
            self.note_unstored(why, status, received);
        }
        land(duty, Fetched::NotStored);
        self.untouched(response)
    }

    /// What is not stored will hardly be a moment later: nobody waits for it (hit-for-miss). What is
    /// stored goes if it is not what the inner service would say now.
    fn note_unstored(&self, why: Unstored, status: StatusCode, received: Received) {
        if self.method != Method::GET {
            return;
        }
        match &self.kept {
            Some(kept) if replaces(status) => self.shelf().forget(&kept.key),
            Some(_) => return,
            // The answer is to a part or to a condition.
            None if self.facts.has(Facts::RANGE) || self.facts.has(Facts::CONDITIONS) => return,
            // An outage says nothing of what comes after it.
            None if status.is_server_error() => return,
            None => {}
        }
        self.shelf().passes.insert(self.hash, why, received.at);
    }

    /// The inner response, as it is.
    pub(super) fn untouched<B>(&self, response: Response<B>) -> Response<CacheBody<B>> {
        let mut response = response.map(CacheBody::inner);
        self.tell_inner(&mut response, None);
        response
    }

    /// `left` is for how many seconds a response is fresh that is being stored.
    pub(super) fn tell_inner<B>(&self, response: &mut Response<CacheBody<B>>, left: Option<i64>) {
        let status = response.status();
        let mut handled = self.handled(Answered::Inner).forwarded(self.forward, Some(status));
        handled.stored = left.is_some();
        self.tell(Lookup::Miss, handled);
        self.shared.label(response, handled, left, self.target.as_bytes());
    }

    fn fits<B: Body>(&self, response: &Response<B>) -> bool {
        let least = length_of(response).unwrap_or_else(|| response.body().size_hint().lower());
        least <= self.shared.settings.limits.body as u64
    }
}

/// Answers after which what was stored before is outdated; others may pass.
fn replaces(status: StatusCode) -> bool {
    let is_gone = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
    status.is_success() || status.is_redirection() || is_gone
}

/// Errors that a stale response may stand for (RFC 5861, section 4).
const fn is_outage(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}
