use std::time::Duration;

use super::{RequestDirectives, Terms};

/// What may be done with a stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// It is fresh, and fresh enough for the request.
    Fresh,
    /// It is stale, and the request takes it (`max-stale`).
    Stale,
    /// It is stale, and is served while it is fetched anew.
    Revalidating,
    /// It has to be validated first.
    Validate,
}

/// Decides for a request (RFC 9111, sections 4.2 and 5.2.1; RFC 5861; RFC 8246), with the current
/// age of the response and since when it has been stale, if it is: by its lifetime, or because it
/// was made stale (a soft purge). `directives` are the default ones where the layer does not obey
/// requests.
///
/// What is fresh and `immutable` is served whatever age the request wants, which is how browsers
/// reload, and is validated for `no-cache`, which asks for just that (RFC 8246, section 2). A
/// `max-age` of zero is never met, not even by what has just come.
pub(crate) fn reuse(
    terms: &Terms,
    age: Duration,
    stale_for: Option<Duration>,
    directives: &RequestDirectives,
) -> Reuse {
    if terms.is_validated_always || directives.no_cache {
        return Reuse::Validate;
    }
    let is_too_old = directives.max_age.is_some_and(|most| most.is_zero() || age > most);
    let Some(stale_for) = stale_for else {
        let left = terms.lifetime.saturating_sub(age);
        let is_too_short = directives.min_fresh.is_some_and(|least| left < least);
        let is_enough = !is_too_short && (!is_too_old || terms.is_immutable);
        return if is_enough { Reuse::Fresh } else { Reuse::Validate };
    };
    let is_refused = is_too_old || directives.min_fresh.is_some();
    if is_refused || terms.is_validated_when_stale {
        return Reuse::Validate;
    }
    match directives.max_stale {
        Some(most) if stale_for > most => Reuse::Validate,
        // It wants nothing stale then (RFC 9111, section 5.2.1.1).
        None if directives.max_age.is_some() => Reuse::Validate,
        _ if stale_for < terms.stale_while_revalidate => Reuse::Revalidating,
        Some(_) => Reuse::Stale,
        None => Reuse::Validate,
    }
}

/// Whether a stale response may stand for an error (RFC 5861, section 4; RFC 9111, section 4.2.4):
/// a status of 500, 502, 503 or 504, or no answer at all.
pub(crate) fn may_serve_on_error(
    terms: &Terms,
    stale_for: Duration,
    directives: &RequestDirectives,
) -> bool {
    let is_forbidden = terms.is_validated_always || terms.is_validated_when_stale;
    let window = terms.stale_if_error.max(directives.stale_if_error.unwrap_or_default());
    !is_forbidden && !directives.no_cache && stale_for < window
}
