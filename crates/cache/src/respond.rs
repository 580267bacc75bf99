//! Responses made of what is stored.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AGE, CACHE_STATUS, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::CacheBody;
use crate::handled::Handled;
use crate::layer::Shared;
use crate::policy::http::{
    Ranges, Report, append, content_range, is_modified_for, is_range_current, multipart,
    not_modified, only, render, resolve,
};
use crate::request::Facts;
use crate::responses::Stored;

/// What of a request shapes its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) facts: Facts,
    pub(crate) key: &'a [u8],
}

/// When a stored response is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    pub(crate) age: Duration,
    /// Nothing while it is fresh.
    pub(crate) stale_for: Option<Duration>,
}

impl Shared {
    /// The response to a request that a stored one answers: whole, in part, or as not modified.
    #[inline]
    pub(crate) fn respond<B>(
        &self,
        stored: &Stored,
        time: Time,
        shape: Shape<'_>,
        handled: Handled,
    ) -> Response<CacheBody<B>> {
        self.responses.0.tell(handled);
        self.shape(stored, time, shape, handled)
    }

    /// As [`respond`](Self::respond), and nobody who observes learns of it.
    #[inline]
    pub(crate) fn shape<B>(
        &self,
        stored: &Stored,
        time: Time,
        shape: Shape<'_>,
        handled: Handled,
    ) -> Response<CacheBody<B>> {
        let is_ok = stored.status == StatusCode::OK;
        let mut response = if is_ok && shape.facts.has(Facts::CONDITIONS) && has_it(stored, shape) {
            let mut response = Response::new(CacheBody::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.headers_mut() = not_modified(&stored.headers);
            response
        } else if is_ok && shape.facts.has(Facts::RANGE) && shape.method == Method::GET {
            self.part(stored, shape)
        } else {
            whole(stored, shape.method)
        };
        let headers = response.headers_mut();
        headers.insert(AGE, HeaderValue::from(time.age.as_secs()));
        let left = match time.stale_for {
            None => signed(stored.terms.lifetime) - signed(time.age),
            // It may have been made stale before its time.
            Some(stale_for) => -signed(stale_for),
        };
        self.label(&mut response, handled, Some(left), shape.key);
        response
    }

    #[cold]
    fn part<B>(&self, stored: &Stored, shape: Shape<'_>) -> Response<CacheBody<B>> {
        let length = stored.body.len();
        let ranges = match only(shape.headers, &RANGE) {
            Some(range) if is_range_current(shape.headers, &stored.headers) => {
                resolve(range, length, self.settings.ranges)
            }
            _ => Ranges::Whole,
        };
        let mut headers = stored.headers.clone();
        let (status, parts) = match ranges {
            Ranges::Whole => return whole(stored, shape.method),
            Ranges::One(range) => {
                headers.insert(CONTENT_RANGE, content_range(Some(&range), length));
                (StatusCode::PARTIAL_CONTENT, vec![stored.body.slice(range)])
            }
            Ranges::Many(ranges) => {
                let (parts, kind) =
                    multipart(&ranges, &stored.body, stored.headers.get(CONTENT_TYPE));
                headers.insert(CONTENT_TYPE, kind);
                (StatusCode::PARTIAL_CONTENT, parts)
            }
            Ranges::Unsatisfiable => {
                headers.insert(CONTENT_RANGE, content_range(None, length));
                headers.remove(CONTENT_TYPE);
                (StatusCode::RANGE_NOT_SATISFIABLE, Vec::new())
            }
        };
        let length: usize = parts.iter().map(Bytes::len).sum();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let mut response = Response::new(CacheBody::parts(parts));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    /// Tells how a request was handled: clients, outer layers, and whoever observes.
    #[inline]
    pub(crate) fn tell<B>(
        &self,
        response: &mut Response<CacheBody<B>>,
        handled: Handled,
        left: Option<i64>,
        key: &[u8],
    ) {
        self.responses.0.tell(handled);
        self.label(response, handled, left, key);
    }

    /// Tells how a request was handled in its response.
    #[inline]
    pub(crate) fn label<B>(
        &self,
        response: &mut Response<CacheBody<B>>,
        handled: Handled,
        left: Option<i64>,
        key: &[u8],
    ) {
        let tells_key = self.settings.tells_key && !key.is_empty();
        let key = tells_key.then(|| str::from_utf8(key).unwrap_or_default());
        let report = Report { ttl: left, key, ..handled.report() };
        let member = render(&self.settings.name, &report);
        match response.headers_mut().get_mut(CACHE_STATUS) {
            Some(place) if place.is_empty() => *place = member,
            _ => append(response.headers_mut(), member),
        }
        response.extensions_mut().insert(handled);
    }
}

fn has_it(stored: &Stored, shape: Shape<'_>) -> bool {
    matches!(*shape.method, Method::GET | Method::HEAD)
        && !is_modified_for(shape.headers, &stored.headers, stored.received)
}

#[inline]
fn whole<B>(stored: &Stored, method: &Method) -> Response<CacheBody<B>> {
    let body = if *method == Method::HEAD {
        CacheBody::empty()
    } else {
        CacheBody::stored(stored.body.clone(), stored.trailers.clone())
    };
    let mut response = Response::new(body);
    *response.status_mut() = stored.status;
    *response.headers_mut() = stored.headers.clone();
    response
}

pub(crate) fn signed(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
