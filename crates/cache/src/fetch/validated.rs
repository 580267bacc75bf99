use std::sync::Arc;

use http::header::{AGE, CACHE_STATUS, CONTENT_LENGTH, DATE, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::store::{Fresh, land, settle_unkept};
use super::{Duty, Origin, Received};
use crate::CacheBody;
use crate::handled::Answered;
use crate::observe::Lookup;
use crate::policy::http::{Asked, NotStorable, Terms, Vary, freshen, selects, storing};
use crate::respond::Time;
use crate::responses::{Fetched, Kept, Stored};

impl Origin {
    /// The inner service has said that what is stored holds still (RFC 9111, section 4.3.4).
    pub(super) fn validated<B>(
        &self,
        kept: &Kept,
        update: &HeaderMap,
        received: Received,
        duty: Option<Duty>,
    ) -> Response<CacheBody<B>> {
        // The body is older than the request for its validation.
        let received = Received { begun: kept.begun, ..received };
        let (mut kept_anew, mut is_of_request) = (None, false);
        let stored = if selects(update, &kept.stored.headers) {
            let headers = renewed(kept, update, received);
            let place = self.place(&headers);
            let (terms, why) = self.terms_of(kept, &headers, received);
            let stored = self.shared.stored(Fresh {
                status: kept.stored.status,
                headers,
                body: kept.stored.body.clone(),
                trailers: kept.stored.trailers.clone(),
                terms,
                received,
            });
            is_of_request = why.is_some_and(NotStorable::is_of_request);
            if why.is_none() {
                kept_anew = Some(self.shared.keep_stored(&place, stored.clone(), received));
            }
            Arc::new(stored)
        } else {
            // It speaks of another response than it was asked about: this one holds for once.
            Arc::clone(&kept.stored)
        };
        let is_stored = matches!(kept_anew, Some(Ok(())));
        match kept_anew {
            Some(Ok(())) => land(duty, Fetched::Stored),
            Some(Err(why)) => settle_unkept(why, duty),
            None => {
                // It holds still for the requests of others.
                if !is_of_request {
                    self.shelf().forget(&kept.key);
                }
                land(duty, Fetched::NotStored);
            }
        }
        let handled = self.handled(Answered::Validated);
        let mut handled = handled.forwarded(self.forward, Some(StatusCode::NOT_MODIFIED));
        handled.stored = is_stored;
        self.tell(Lookup::MemoryHit, handled);
        let time = Time { age: stored.age, stale_for: None };
        let mut response = self.shared.shape(&stored, time, self.shape(), handled);
        // What a 304 says for this client alone (`private`, `no-cache` with fields) is not stored.
        for name in stored.terms.omitted.iter().filter(|name| update.contains_key(*name)) {
            response.headers_mut().remove(name);
            for value in update.get_all(name) {
                response.headers_mut().append(name, value.clone());
            }
        }
        response
    }

    /// On which terms it is stored now, or why it is not.
    fn terms_of(
        &self,
        kept: &Kept,
        headers: &HeaderMap,
        received: Received,
    ) -> (Terms, Option<NotStorable>) {
        let rules = &self.shared.settings.rules;
        let (status, exchange) = (kept.stored.status, received.exchange);
        match storing(self.asked(), status, headers, exchange, rules) {
            Ok(terms) => (terms, None),
            Err(why) => (kept.stored.terms.clone(), Some(why)),
        }
    }

    /// What an answer to HEAD says of the stored answer to GET (RFC 9111, section 4.3.5): it holds
    /// still, or it is not what a GET would bring.
    pub(super) fn learn_from_head(
        &self,
        status: StatusCode,
        update: &HeaderMap,
        received: Received,
    ) {
        let Some(kept) = &self.kept else { return };
        let received = Received { begun: kept.begun, ..received };
        if status != StatusCode::OK || kept.stored.status != StatusCode::OK {
            return;
        }
        let headers = &kept.stored.headers;
        let is_same = |name| match (update.get(&name), headers.get(&name)) {
            (Some(said), Some(known)) => said == known,
            (Some(_), None) => false,
            (None, _) => true,
        };
        // Who is told now that it varies is not the one for whom it was made.
        let varies_alike = !update.contains_key(VARY) || Vary::of(update) == Vary::of(headers);
        let is_same = is_same(ETAG) && is_same(LAST_MODIFIED) && is_same(CONTENT_LENGTH);
        if !(is_same && varies_alike) {
            // It is validated before it is used again.
            self.shelf().forget(&kept.key);
            return;
        }
        let headers = renewed(kept, update, received);
        let asked = Asked { method: &http::Method::GET, ..self.asked() };
        let rules = &self.shared.settings.rules;
        let terms = storing(asked, kept.stored.status, &headers, received.exchange, rules);
        let Ok(terms) = terms else { return };
        let place = self.place(&headers);
        let stored = self.shared.stored(Fresh {
            status: kept.stored.status,
            headers,
            body: kept.stored.body.clone(),
            trailers: kept.stored.trailers.clone(),
            terms,
            received,
        });
        self.shared.keep_stored(&place, stored, received).ok();
    }
}

/// The header section of a stored response after an update.
fn renewed(kept: &Kept, update: &HeaderMap, received: Received) -> HeaderMap {
    let Stored { headers, terms, .. } = &*kept.stored;
    let mut headers = headers.clone();
    headers.remove(AGE);
    headers.remove(DATE);
    if headers.get(CACHE_STATUS).is_some_and(HeaderValue::is_empty) {
        headers.remove(CACHE_STATUS);
    }
    freshen(&mut headers, update, &terms.omitted);
    still_vary(&mut headers, &kept.stored.headers);
    received.date(&mut headers);
    // Of the update, since its age is what counts.
    if let Some(age) = update.get(AGE) {
        headers.insert(AGE, age.clone());
    }
    headers
}

/// What was made for some alone is not for more because one of them was told that it holds still: a
/// 304 may come from something before what has made it, which knows of fewer selecting fields.
fn still_vary(headers: &mut HeaderMap, before: &HeaderMap) {
    let Vary::On(before) = Vary::of(before) else { return };
    let now = Vary::of(headers);
    for name in before.names() {
        if !matches!(&now, Vary::On(now) if now.names().contains(name)) {
            headers.append(VARY, HeaderValue::from(name.clone()));
        }
    }
}
