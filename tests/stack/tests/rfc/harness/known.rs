/// A case that fails, and why that is accepted for now.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) case: &'static str,
    /// Printed where a known failure passes.
    pub(crate) reason: &'static str,
}

const fn known(case: &'static str, reason: &'static str) -> Known {
    Known { case, reason }
}

const LOCAL: &str = "the layer tells of each request, also where nothing was stored";
const MARKED: &str =
    "a URI marked as not storable is asked for, and stored from the second answer on";
const ARRIVED: &str = "staleness is counted from the arrival, not from the end of the lifetime";
const COLLAPSED: &str = "a request that waited for another is told as a hit";

/// What fails in the profile `rfc`.
pub(crate) const KNOWN_RFC: &[Known] = &[
    known("max-stale below the staleness asks", ARRIVED),
    known("stale-while-revalidate ends", ARRIVED),
    known("stale-if-error ends", ARRIVED),
    known("what comes after a failure is stored", MARKED),
    known("what comes after no-store is stored", MARKED),
    known("requests that were collapsed went forward", COLLAPSED),
    known("a HEAD validates what GET stored", "HEAD goes on without a precondition"),
    known("what was stored tells its lifetime", "ttl is told of what comes from the cache"),
    known("a response that we make ourselves has no member", LOCAL),
    known("an error that we make ourselves has no member", LOCAL),
];

/// What fails in the profile `secure`.
pub(crate) const KNOWN_SECURE: &[Known] = &[
    known("stale-while-revalidate ends", ARRIVED),
    known("stale-if-error ends", ARRIVED),
    known("what comes after a failure is stored", MARKED),
    known("what comes after no-store is stored", MARKED),
    known("requests that were collapsed went forward", COLLAPSED),
    known("a HEAD validates what GET stored", "HEAD goes on without a precondition"),
    known("what was stored tells its lifetime", "ttl is told of what comes from the cache"),
    known("a response that we make ourselves has no member", LOCAL),
    known("an error that we make ourselves has no member", LOCAL),
];
