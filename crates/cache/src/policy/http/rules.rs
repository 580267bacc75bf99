use std::time::Duration;

use http::HeaderName;

/// What the profile and the options of a layer decide. The RFCs decide the rest.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own")]
pub(crate) struct Rules {
    /// Targeted fields in the order in which they are looked for (RFC 9213, section 2.2).
    pub(crate) targeted: Vec<HeaderName>,
    /// For responses without explicit lifetime (RFC 9111, section 4.2.2).
    pub(crate) heuristics: Option<Heuristics>,
    /// Whether responses with `Set-Cookie` are stored.
    pub(crate) stores_set_cookie: bool,
    /// Whether errors are stored that may be the fault of one request alone.
    pub(crate) stores_refusals: bool,
    /// Whether what has no lifetime is served without validation where a request or an error
    /// permits it (RFC 9111, section 4.2.4). What says itself how long is, either way.
    pub(crate) serves_without_lifetime: bool,
    /// Whether answers to POST are stored for GET (RFC 9110, section 9.3.3).
    pub(crate) stores_post: bool,
    /// Whether the request's own directives count.
    pub(crate) obeys_requests: bool,
    /// How long stale responses are served while they are fetched anew, if they say nothing.
    pub(crate) stale_while_revalidate: Duration,
    /// How long stale responses are served in place of an error, if they say nothing.
    pub(crate) stale_if_error: Duration,
    /// How long responses with a validator are kept past all that, to be validated.
    pub(crate) keep_for_validation: Duration,
    /// No response is kept longer.
    pub(crate) most: Duration,
}

/// A lifetime from `Last-Modified` (RFC 9111, section 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Heuristics {
    /// The share of the time since the last modification: 0.1 is what the RFC names.
    pub(crate) share: f64,
    /// No lifetime is longer.
    pub(crate) most: Duration,
}
