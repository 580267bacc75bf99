use std::sync::Arc;
use std::time::Duration;

use bartizan_contract::{Code, ErrorReport, Reply, ResponseBody};
use http::{HeaderMap, Response, StatusCode};

use crate::decision::{Core, Place, Refused, Shown};
use crate::wire::PreparedHeaders;
use crate::{Refusal, StoreError};

/// How long to wait where nothing is known that could be waited for.
const A_SECOND: Duration = Duration::from_secs(1);

impl Core {
    /// Answers a request that is refused.
    pub(crate) fn answer<B>(&self, refused: Refused, reply: Reply) -> Response<ResponseBody<B>> {
        match refused {
            Refused::Limited(shown, wait) => self.limited(&shown, wait, reply),
            Refused::Crowded(place) => self.crowded(&place, reply),
            Refused::Denied => denied(reply),
            Refused::Unavailable(error) => unavailable(error, reply),
        }
    }

    /// Answers a request that a limit refuses.
    fn limited<B>(&self, shown: &Shown, wait: Duration, reply: Reply) -> Response<ResponseBody<B>> {
        let Shown { place, outcome, .. } = shown;
        let (Some(tier), Some(planned)) = (place.tier(), place.planned()) else {
            return self.crowded(place, reply);
        };
        let own = if planned.applied(&outcome.quota) {
            None
        } else {
            self.own_headers(tier, place.class, &outcome.quota)
        };
        let limits = &self.policies.limits;
        let report = if let Some(report) = &limits.report {
            let report = report(&Refusal {
                tier: &tier.name,
                class: limits.classes.get(place.class).map_or("", |class| &class.name),
                outcome: Some(outcome),
                retry_after: wait,
            });
            if report.retry_after().is_none() { report.with_retry_after(wait) } else { report }
        } else {
            // While a divided tier is counted here, its whole limit is told, as in the headers.
            let quota = if outcome.quota == planned.fallback.quota {
                planned.limit.quota
            } else {
                outcome.quota
            };
            let (report, body) = planned.refusal.report(wait, quota.limit());
            if reply == Reply::Json {
                let own = own.as_ref().map(PreparedHeaders::of_refusal);
                let headers = own.as_ref().unwrap_or(&planned.refusal.headers);
                let headers = headers.refusal(&shown.telling(wait), body.len(), wait);
                return prepared(report, headers, ResponseBody::complete(body));
            }
            report
        };
        let mut response = report.into_response(reply);
        let headers = own.as_ref().unwrap_or(&planned.headers);
        headers.tell(response.headers_mut(), &shown.telling(wait));
        response
    }

    /// Answers a request that finds too many others in flight.
    fn crowded<B>(&self, place: &Place, reply: Reply) -> Response<ResponseBody<B>> {
        let limits = &self.policies.limits;
        if let (Some(report), Some(tier)) = (&limits.report, place.tier()) {
            let class = limits.classes.get(place.class).map_or("", |class| &class.name);
            let refusal = Refusal { tier: &tier.name, class, outcome: None, retry_after: A_SECOND };
            return report(&refusal).into_response(reply);
        }
        let message = "Too many requests at the same time.";
        ErrorReport::new(StatusCode::TOO_MANY_REQUESTS, Code::RATE_LIMIT_EXCEEDED, message)
            .with_retry_after(A_SECOND)
            .into_response(reply)
    }
}

fn prepared<B>(
    report: ErrorReport,
    headers: HeaderMap,
    body: ResponseBody<B>,
) -> Response<ResponseBody<B>> {
    let mut response = Response::new(body);
    *response.status_mut() = report.status();
    *response.headers_mut() = headers;
    response.extensions_mut().insert(Arc::new(report));
    response
}

/// Answers a caller that is denied.
fn denied<B>(reply: Reply) -> Response<ResponseBody<B>> {
    ErrorReport::new(StatusCode::FORBIDDEN, Code::from_static("FORBIDDEN"), "Access denied")
        .into_response(reply)
}

/// Answers a request that nobody can decide about.
fn unavailable<B>(error: StoreError, reply: Reply) -> Response<ResponseBody<B>> {
    ErrorReport::from_status(StatusCode::SERVICE_UNAVAILABLE)
        .with_retry_after(A_SECOND)
        .with_source(error)
        .into_response(reply)
}
