use std::sync::Arc;

use bytes::Bytes;
use http::header::{AGE, CACHE_STATUS, CONTENT_LENGTH, DATE, ETAG, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Body;
use xxhash_rust::xxh3::xxh3_128;

use super::{Duty, Origin, Received};
use crate::body::{Collected, Collector, Tee};
use crate::flight::Joined;
use crate::key::Key;
use crate::layer::Shared;
use crate::policy::http::{RequestDirectives, Reuse, Terms, Vary, render_date, reuse, strip};
use crate::respond::signed;
use crate::responses::{Fetched, Place, Stored, Unstored, Variant};
use crate::{CacheBody, NotStored};

impl Origin {
    /// Stores a response while it goes to the client.
    pub(super) fn store<B>(
        &self,
        response: Response<B>,
        terms: Terms,
        received: Received,
        duty: Option<Duty>,
    ) -> Response<CacheBody<B>>
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        let place = self.place(response.headers());
        let key = match self.shelf().reserve(&place, received.begun) {
            Ok(key) => key,
            Err(why) => {
                if why == NotStored::KeyTooLong {
                    self.shelf().passes.insert(self.hash, Unstored::Size, received.at);
                }
                settle_unkept(why, duty);
                return self.untouched(response);
            }
        };
        let duty = if is_of_use(&terms) {
            duty.and_then(|duty| self.rekey(&key, received, duty))
        } else {
            // Where each use has to be validated, each request has to ask (RFC 9111, section 4).
            land(duty, Fetched::NotStored);
            None
        };
        let left = signed(terms.lifetime) - signed(terms.initial_age);
        let expected = length_of(&response);
        let (parts, body) = response.into_parts();
        let storing = Storing {
            shared: Arc::clone(&self.shared),
            status: parts.status,
            headers: parts.headers.clone(),
            place,
            terms,
            received,
            hash: self.hash,
            outdated: self.kept.as_ref().map(|kept| kept.key.clone()),
        };
        let finish = Box::new(move |collected| storing.finish(collected, duty));
        let settings = &self.shared.settings;
        let responses = Arc::clone(self.shelf());
        let collector = Collector::new(responses, settings.limits, expected, finish);
        let body = CacheBody::teed(Tee::new(body, collector, settings.patience));
        let mut response = Response::from_parts(parts, body);
        self.tell_inner(&mut response, Some(left));
        response
    }

    /// Under which key a response belongs.
    pub(super) fn place(&self, response: &HeaderMap) -> Place {
        let settings = &self.shared.settings;
        let variant = match Vary::of(response) {
            Vary::On(spec) => {
                let normalise = &settings.normalise;
                let variant = Variant::new(&spec, &self.headers, response, normalise);
                Some((spec, variant))
            }
            // What varies by anything is not stored.
            Vary::Nothing | Vary::Any => None,
        };
        Place {
            target: self.target.clone(),
            variant,
            tag: self.tag.clone(),
            most_variants: settings.variants,
        }
    }

    /// Lets those who wait learn that the response depends on more than they knew, so that each
    /// waits for its own variant; they meet this fetch again under the key of its variant.
    fn rekey(&self, key: &Key, received: Received, duty: Duty) -> Option<Duty> {
        if *key == self.key {
            return Some(duty);
        }
        let responses = self.shelf();
        let fence = responses.core.fence(key);
        let joined = responses.fetches.join(key, received.begun.sequence(), |began| began >= fence);
        duty.land(Fetched::Varies);
        match joined {
            Joined::Leader(duty, _) => Some(duty),
            // Another fetches the same variant, and those who wait have met it.
            Joined::Follower(_) => None,
        }
    }
}

/// What is stored once its body is whole.
struct Storing {
    shared: Arc<Shared>,
    status: StatusCode,
    headers: HeaderMap,
    place: Place,
    terms: Terms,
    received: Received,
    /// Of the key under which others waited at first.
    hash: u64,
    /// What this takes the place of.
    outdated: Option<Key>,
}

impl Storing {
    fn finish(self, collected: Collected, duty: Option<Duty>) {
        let responses = &self.shared.responses.0;
        let (body, mut trailers) = match collected {
            Collected::Whole { body, trailers } => (body, trailers.unwrap_or_default()),
            Collected::TooLarge => {
                if let Some(outdated) = &self.outdated {
                    responses.forget(outdated);
                }
                responses.passes.insert(self.hash, Unstored::Size, responses.core.now());
                return land(duty, Fetched::NotStored);
            }
            Collected::NoRoom => return land(duty, Fetched::NotStored),
            // The flight is abandoned: one of those who wait tries again.
            Collected::Cut => return,
        };
        strip(&mut trailers, &self.terms.omitted);
        if trailers.contains_key(SET_COOKIE) && !self.shared.settings.rules.stores_set_cookie {
            return land(duty, Fetched::NotStored);
        }
        let trailers = (!trailers.is_empty()).then(|| Arc::new(trailers));
        let stored = self.shared.stored(Fresh {
            status: self.status,
            headers: self.headers,
            body,
            trailers,
            terms: self.terms,
            received: self.received,
        });
        match self.shared.keep_stored(&self.place, stored, self.received) {
            Ok(()) => {
                responses.passes.remove(self.hash);
                land(duty, Fetched::Stored);
            }
            Err(why) => {
                if why == NotStored::TooHeavy {
                    responses.passes.insert(self.hash, Unstored::Size, responses.core.now());
                }
                settle_unkept(why, duty);
            }
        }
    }
}

pub(super) fn land(duty: Option<Duty>, fetched: Fetched) {
    if let Some(duty) = duty {
        duty.land(fetched);
    }
}

/// Tells those who wait that what was fetched is not there.
pub(super) fn settle_unkept(why: NotStored, duty: Option<Duty>) {
    match why {
        // One of them fetches what has come of it, for all.
        NotStored::Invalidated => drop(duty),
        // What is there is newer.
        NotStored::Superseded => land(duty, Fetched::Stored),
        _ => land(duty, Fetched::NotStored),
    }
}

/// Whether a response answers other requests without being validated, as it comes.
fn is_of_use(terms: &Terms) -> bool {
    let stale_for = terms.initial_age.checked_sub(terms.lifetime);
    let plain = RequestDirectives::default();
    reuse(terms, terms.initial_age, stale_for, &plain) != Reuse::Validate
}

/// A whole response that has just come, or was found to hold still.
pub(super) struct Fresh {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) trailers: Option<Arc<HeaderMap>>,
    pub(super) terms: Terms,
    pub(super) received: Received,
}

impl Shared {
    /// Stores a response.
    pub(super) fn keep_stored(
        &self,
        place: &Place,
        stored: Stored,
        received: Received,
    ) -> Result<(), NotStored> {
        let tags = self.tags(&stored.headers);
        self.responses.0.keep(place, stored, tags, received.begun)
    }

    /// A response as it is stored.
    pub(super) fn stored(&self, fresh: Fresh) -> Stored {
        let Fresh { status, mut headers, body, trailers, terms, received } = fresh;
        strip(&mut headers, &terms.omitted);
        received.date(&mut headers);
        if trailers.is_none() && !status.is_informational() && status != StatusCode::NO_CONTENT {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        if self.settings.etags.is_some_and(|most| body.len() <= most)
            && status == StatusCode::OK
            && !headers.contains_key(ETAG)
            && let Some(tag) = made_tag(&body)
        {
            headers.insert(ETAG, tag);
        }
        // Their places, so that a hit changes values and moves nothing.
        headers.insert(AGE, HeaderValue::from_static(""));
        headers.entry(CACHE_STATUS).or_insert(HeaderValue::from_static(""));
        let resident = self.responses.0.core.now().saturating_since(received.at);
        let age = terms.initial_age.saturating_add(resident);
        Stored { status, headers, body, trailers, terms, age, received: received.exchange.answered }
    }

    /// Whether the entity tag of a stored response was made here.
    pub(super) fn has_made_tag(&self, stored: &Stored) -> bool {
        self.settings.etags.is_some_and(|most| stored.body.len() <= most)
            && stored.headers.get(ETAG) == made_tag(&stored.body).as_ref()
    }

    /// The surrogate keys of a response, all of them: what is left out could not be purged. What
    /// stands between commas is one, and so is each of its words.
    fn tags(&self, headers: &HeaderMap) -> Vec<Box<str>> {
        let lines = self.settings.tags.iter().flat_map(|name| headers.get_all(name));
        let members = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        let tags = members.map(<[u8]>::trim_ascii).flat_map(|member| {
            let words = member.split(u8::is_ascii_whitespace).filter(move |word| *word != member);
            std::iter::once(member).chain(words)
        });
        tags.filter(|tag| !tag.is_empty()).map(|tag| String::from_utf8_lossy(tag).into()).collect()
    }
}

fn made_tag(body: &[u8]) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{:032x}\"", xxh3_128(body))).ok()
}

impl Received {
    /// Dates what came without a date (RFC 9110, section 6.6.1).
    pub(super) fn date(&self, headers: &mut HeaderMap) {
        if !headers.contains_key(DATE)
            && let Ok(date) = HeaderValue::from_str(&render_date(self.exchange.answered))
        {
            headers.insert(DATE, date);
        }
    }
}

/// How long a body is, by its header section or by itself.
pub(crate) fn length_of<B: Body>(response: &Response<B>) -> Option<u64> {
    let said = response.headers().get(CONTENT_LENGTH).and_then(|said| said.to_str().ok());
    said.and_then(|said| said.parse().ok()).or_else(|| response.body().size_hint().exact())
}
