use std::time::{Duration, SystemTime};

use http::header::{DATE, EXPIRES, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, StatusCode};

use super::date::parse_date_at;
use super::{Heuristics, ResponseDirectives, Rules, parse_age};

/// When a request was sent and when the header section of its response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) asked: SystemTime,
    pub(crate) answered: SystemTime,
}

/// How long a response is fresh from its generation on (RFC 9111, section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Explicit(Duration),
    Heuristic(Duration),
    /// Nothing says so.
    Unknown,
}

/// The freshness lifetime for a shared cache.
pub(crate) fn lifetime(
    status: StatusCode,
    headers: &HeaderMap,
    directives: &ResponseDirectives,
    exchange: Exchange,
    rules: &Rules,
) -> Lifetime {
    if let Some(lifetime) = directives.s_maxage.or(directives.max_age) {
        return Lifetime::Explicit(lifetime);
    }
    let date = date_of(headers, DATE, exchange).unwrap_or(exchange.answered);
    if !directives.is_targeted && headers.contains_key(EXPIRES) {
        // Past if it cannot be read, and if there are several (RFC 9111, sections 4.2.1 and 5.3).
        let expires = date_of(headers, EXPIRES, exchange);
        let left = expires.and_then(|expires| expires.duration_since(date).ok());
        return Lifetime::Explicit(left.unwrap_or_default());
    }
    let modified = date_of(headers, LAST_MODIFIED, exchange);
    match (rules.heuristics, modified) {
        (Some(heuristics), Some(modified)) if directives.public || is_heuristic(status) => {
            Lifetime::Heuristic(share(heuristics, modified, date))
        }
        _ => Lifetime::Unknown,
    }
}

/// The corrected initial age (RFC 9111, section 4.2.3), at the time of `exchange.answered`.
pub(crate) fn initial_age(headers: &HeaderMap, exchange: Exchange) -> Duration {
    let Exchange { asked, answered } = exchange;
    let delay = answered.duration_since(asked).unwrap_or_default();
    let corrected = parse_age(headers).saturating_add(delay);
    let apparent = date_of(headers, DATE, exchange)
        .and_then(|date| answered.duration_since(date).ok())
        .unwrap_or_default();
    // `Date` has no fractions, so those of its distance are no age.
    corrected.max(Duration::from_secs(apparent.as_secs()))
}

/// The one date of a field.
fn date_of(headers: &HeaderMap, name: HeaderName, exchange: Exchange) -> Option<SystemTime> {
    let mut lines = headers.get_all(name).iter();
    let date = parse_date_at(lines.next()?.as_bytes(), || exchange.answered);
    lines.next().map_or(date, |_| None)
}

fn share(heuristics: Heuristics, modified: SystemTime, date: SystemTime) -> Duration {
    let since = date.duration_since(modified).unwrap_or_default().as_secs_f64();
    let most = heuristics.most.as_secs_f64();
    let seconds = (since * heuristics.share).min(most).max(0.0);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// Statuses whose responses are stored without being told so (RFC 9110, section 15.1), but 206.
pub(super) fn is_heuristic(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}
