use http::StatusCode;

use crate::Bypass;
use crate::policy::http::{Forward, Report};

/// How a request was handled. A layer leaves it in the extensions of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Handled {
    /// Where the response came from.
    pub answer: Answered,
    /// Why the inner service was asked, if it was.
    pub forward: Option<Forward>,
    /// With which status it answered.
    pub forward_status: Option<StatusCode>,
    /// Whether the response is being stored.
    pub stored: bool,
    /// Whether the request waited for another that fetched the same.
    pub collapsed: bool,
}

/// Where a response came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Answered {
    /// It was stored, and fresh.
    Fresh,
    /// It was stored and stale, and is served while it is fetched anew, or as the request takes
    /// stale ones.
    Stale,
    /// It was stored and stale, and stands for an error.
    StaleForError,
    /// It was stored, and the inner service has said that it still holds.
    Validated,
    /// It comes from the inner service.
    Inner,
    /// The request wanted nothing but what is stored (`only-if-cached`), and that is nothing.
    Nothing,
    /// It comes from the inner service, since the request went by the cache.
    Bypassed(Bypass),
}

impl Answered {
    /// A label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::StaleForError => "stale_for_error",
            Self::Validated => "validated",
            Self::Inner => "inner",
            Self::Nothing => "nothing",
            Self::Bypassed(_) => "bypassed",
        }
    }
}

impl Handled {
    pub(crate) const fn new(answer: Answered) -> Self {
        Self { answer, forward: None, forward_status: None, stored: false, collapsed: false }
    }

    pub(crate) const fn forwarded(mut self, forward: Forward, status: Option<StatusCode>) -> Self {
        self.forward = Some(forward);
        self.forward_status = status;
        self
    }

    /// What `Cache-Status` says of it, without what only its response knows.
    pub(crate) fn report(self) -> Report<'static> {
        let is_stored =
            matches!(self.answer, Answered::Fresh | Answered::Stale | Answered::StaleForError);
        Report {
            hit: is_stored && self.forward.is_none(),
            forward: self.forward,
            forward_status: self.forward_status,
            stored: self.stored,
            collapsed: self.collapsed,
            detail: match self.answer {
                Answered::Bypassed(bypass) => Some(bypass.as_str()),
                Answered::StaleForError => Some("stale-if-error"),
                _ => None,
            },
            ..Report::default()
        }
    }
}
