use std::time::Duration;

use http::header::{CONTENT_LOCATION, CONTENT_TYPE, ETAG, LAST_MODIFIED, SET_COOKIE};
use http::{HeaderMap, HeaderName, Method, StatusCode};

use super::freshness::is_heuristic;
use super::update::listed;
use super::{
    Exchange, Lifetime, Qualified, RequestDirectives, ResponseDirectives, Rules, Vary, initial_age,
    is_hop_by_hop, lifetime,
};

/// What of a request decides whether its response may be stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    /// It carried a credential of which RFC 9111, section 3.5, speaks.
    pub(crate) is_authorized: bool,
    pub(crate) directives: &'a RequestDirectives,
    /// The target as it would stand in `Content-Location`: path and query.
    pub(crate) path_and_query: &'a str,
}

/// On which terms a response is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// How long it is fresh from its generation on; zero with `no-cache`.
    pub(crate) lifetime: Duration,
    /// How old it was when its header section came.
    pub(crate) initial_age: Duration,
    /// It is never served without validation, whatever a request or an error says (`no-cache`).
    pub(crate) is_validated_always: bool,
    /// Once stale it is not served without validation (`must-revalidate`, `proxy-revalidate`, and
    /// `s-maxage`: RFC 9111, section 5.2.2.10). Then both windows below are zero.
    pub(crate) is_validated_when_stale: bool,
    /// A reload does not make it be validated (RFC 8246).
    pub(crate) is_immutable: bool,
    pub(crate) stale_while_revalidate: Duration,
    pub(crate) stale_if_error: Duration,
    /// How long it is kept from its generation on.
    pub(crate) keep: Duration,
    /// The fields that are not stored: of the connection, and those of `private` and `no-cache`.
    pub(crate) omitted: Vec<HeaderName>,
}

/// Why a response is not stored: the first reason that is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NotStorable {
    /// The method's answers are not stored, or this one lacks what it needs for that.
    Method,
    /// A status that is not final, not understood with `must-understand`, or 206 and 304, which
    /// are parts of others.
    Status,
    /// `no-store` of the response.
    NoStore,
    /// `no-store` of the request.
    RequestNoStore,
    Private,
    /// RFC 9111, section 3.5.
    Authorization,
    SetCookie,
    /// `Vary: *`.
    VaryAny,
    /// Neither a lifetime nor a validator.
    NoFreshness,
    /// It is stale already, has no validator, and may not be served stale.
    Outdated,
    /// An event stream, or a switch of protocols.
    Stream,
}

impl NotStorable {
    /// It speaks of the request: the response to another may be stored.
    pub(crate) const fn is_of_request(self) -> bool {
        matches!(self, Self::RequestNoStore | Self::Authorization)
    }
}

/// Whether a shared cache stores a response (RFC 9111, section 3), and on which terms.
///
/// 412 and 416 are not stored whatever they say: they answer conditions and ranges of one request,
/// and not what is asked for without them. Nor are 428, 429, 431 and 511 (RFC 6585, sections 3 to
/// 6).
pub(crate) fn storing(
    asked: Asked<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    exchange: Exchange,
    rules: &Rules,
) -> Result<Terms, NotStorable> {
    let directives = ResponseDirectives::of(headers, &rules.targeted);
    let lifetime = lifetime(status, headers, &directives, exchange, rules);
    check_method(asked, status, headers, lifetime, rules)?;
    check_status(status, &directives, rules)?;
    if is_event_stream(headers) {
        return Err(NotStorable::Stream);
    }
    if directives.no_store && !directives.must_understand {
        return Err(NotStorable::NoStore);
    }
    if rules.obeys_requests && asked.directives.no_store {
        return Err(NotStorable::RequestNoStore);
    }
    if directives.private == Qualified::Whole {
        return Err(NotStorable::Private);
    }
    let is_shared =
        directives.public || directives.s_maxage.is_some() || directives.must_revalidate;
    if asked.is_authorized && !is_shared {
        return Err(NotStorable::Authorization);
    }
    let omitted = omitted(headers, &directives);
    let has_cookie = headers.contains_key(SET_COOKIE) && !omitted.contains(&SET_COOKIE);
    if has_cookie && !rules.stores_set_cookie {
        return Err(NotStorable::SetCookie);
    }
    if Vary::of(headers) == Vary::Any {
        return Err(NotStorable::VaryAny);
    }
    check_freshness(status, headers, &directives, lifetime)?;
    terms(headers, &directives, lifetime, initial_age(headers, exchange), omitted, rules)
}

/// Answers to POST are stored for GET if they are what GET would get, and say how long (RFC 9110,
/// sections 8.7 and 9.3.3).
fn check_method(
    asked: Asked<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    lifetime: Lifetime,
    rules: &Rules,
) -> Result<(), NotStorable> {
    let is_stored = match *asked.method {
        Method::GET => true,
        Method::POST => {
            let mut locations = headers.get_all(CONTENT_LOCATION).iter();
            let location = locations.next().filter(|_| locations.next().is_none());
            rules.stores_post
                && status.is_success()
                && matches!(lifetime, Lifetime::Explicit(_))
                && location.is_some_and(|it| it.as_bytes() == asked.path_and_query.as_bytes())
        }
        _ => false,
    };
    if is_stored { Ok(()) } else { Err(NotStorable::Method) }
}

fn check_status(
    status: StatusCode,
    directives: &ResponseDirectives,
    rules: &Rules,
) -> Result<(), NotStorable> {
    match status.as_u16() {
        101 => Err(NotStorable::Stream),
        206 | 304 | 412 | 416 | 428 | 429 | 431 | 511 | ..200 => Err(NotStorable::Status),
        400.. if !rules.stores_refusals && !is_of_target(status) => Err(NotStorable::Status),
        _ if directives.must_understand && !is_understood(status) => Err(NotStorable::Status),
        _ => Ok(()),
    }
}

/// Errors that speak of what is asked for. All others may come of how one request asks for it, in
/// fields that the key does not hold.
fn is_of_target(status: StatusCode) -> bool {
    is_heuristic(status) || status == StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS
}

/// Statuses whose caching this cache knows: all final ones of RFC 9110, section 15, but 206 and
/// 304, which only the cache itself makes.
fn is_understood(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200..=205 | 300..=303 | 305 | 307 | 308 | 400..=417 | 421 | 422 | 426 | 500..=505
    )
}

/// Without a lifetime a response is stored if that is usual for its status or allowed (RFC 9111,
/// section 3), and there is a use for what is stale.
fn check_freshness(
    status: StatusCode,
    headers: &HeaderMap,
    directives: &ResponseDirectives,
    lifetime: Lifetime,
) -> Result<(), NotStorable> {
    let may_be_stored = directives.public || is_heuristic(status);
    let has_window =
        directives.stale_while_revalidate.is_some() || directives.stale_if_error.is_some();
    let has_use = has_window || has_validator(headers);
    if lifetime == Lifetime::Unknown && !(may_be_stored && has_use) {
        return Err(NotStorable::NoFreshness);
    }
    Ok(())
}

fn has_validator(headers: &HeaderMap) -> bool {
    headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED)
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_TYPE).iter().any(|line| {
        let essence = line.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
    })
}

fn omitted(headers: &HeaderMap, directives: &ResponseDirectives) -> Vec<HeaderName> {
    let mut omitted: Vec<HeaderName> = Vec::new();
    let qualified = [&directives.private, &directives.no_cache];
    let names = qualified.into_iter().flat_map(Qualified::fields).cloned();
    let of_connection = listed(headers).filter(|name| name != "close" && !is_hop_by_hop(name));
    for name in names.chain(of_connection) {
        if !omitted.contains(&name) {
            omitted.push(name);
        }
    }
    omitted
}

fn terms(
    headers: &HeaderMap,
    directives: &ResponseDirectives,
    lifetime: Lifetime,
    initial_age: Duration,
    omitted: Vec<HeaderName>,
    rules: &Rules,
) -> Result<Terms, NotStorable> {
    let is_validated_always = directives.no_cache == Qualified::Whole;
    let fresh = match lifetime {
        Lifetime::Explicit(fresh) | Lifetime::Heuristic(fresh) if !is_validated_always => fresh,
        _ => Duration::ZERO,
    };
    let has_window =
        directives.stale_while_revalidate.is_some() || directives.stale_if_error.is_some();
    let has_no_life = fresh.is_zero() && !has_window;
    let is_validated_when_stale = is_validated_always
        || directives.must_revalidate
        || directives.proxy_revalidate
        || directives.s_maxage.is_some()
        || has_no_life && !rules.serves_without_lifetime;
    let window = |said: Option<Duration>, default: Duration| {
        if is_validated_when_stale { Duration::ZERO } else { said.unwrap_or(default) }
    };
    // What is never fresh is asked for anew each time, so that only the response itself permits to
    // serve it meanwhile.
    let default = if fresh.is_zero() { Duration::ZERO } else { rules.stale_while_revalidate };
    let stale_while_revalidate = window(directives.stale_while_revalidate, default);
    let stale_if_error = window(directives.stale_if_error, rules.stale_if_error);
    let for_validation =
        if has_validator(headers) { rules.keep_for_validation } else { Duration::ZERO };
    let after = stale_while_revalidate.max(stale_if_error).max(for_validation);
    let keep = fresh.saturating_add(after).min(initial_age.saturating_add(rules.most));
    if keep <= initial_age {
        return Err(NotStorable::Outdated);
    }
    Ok(Terms {
        lifetime: fresh,
        initial_age,
        is_validated_always,
        is_validated_when_stale,
        is_immutable: directives.immutable,
        stale_while_revalidate,
        stale_if_error,
        keep,
        omitted,
    })
}
