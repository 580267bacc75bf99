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

/// What fails in the profile `rfc`.
pub(crate) const KNOWN_RFC: &[Known] = &[
    known("what comes after no-store is stored", MARKED),
    known("a HEAD validates what GET stored", "HEAD goes on without a precondition"),
    known("an error that we make ourselves has no member", LOCAL),
];

/// What fails in the profile `secure`.
pub(crate) const KNOWN_SECURE: &[Known] = &[
    known("what comes after no-store is stored", MARKED),
    known("a HEAD validates what GET stored", "HEAD goes on without a precondition"),
    known("an error that we make ourselves has no member", LOCAL),
];
