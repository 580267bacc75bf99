use http::HeaderName;

use super::names::{RATELIMIT, RATELIMIT_POLICY, X_LIMIT, X_REMAINING, X_RESET, X_TIER, X_WINDOW};

/// Which headers tell of limits: the `X-RateLimit-*` family, the IETF's two, both or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeaderForms {
    pub(super) x: Option<ResetFormat>,
    pub(super) draft: Option<DraftVersion>,
}

impl HeaderForms {
    /// No headers.
    #[must_use]
    pub const fn none() -> Self {
        Self { x: None, draft: None }
    }

    /// Whether nothing is told.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.x.is_none() && self.draft.is_none()
    }

    /// The names of all that is told.
    pub(crate) fn names(self) -> impl Iterator<Item = HeaderName> {
        let x = [X_TIER, X_LIMIT, X_WINDOW, X_REMAINING, X_RESET];
        let draft = [RATELIMIT_POLICY, RATELIMIT];
        let x = x.into_iter().filter(move |_| self.x.is_some());
        x.chain(draft.into_iter().filter(move |_| self.draft.is_some()))
    }

    /// Adds `X-RateLimit-Limit`, `-Remaining`, `-Reset`, `-Window` (seconds), and `-Tier` where
    /// there are tiers.
    #[must_use]
    pub const fn with_x_rate_limit(mut self, reset: ResetFormat) -> Self {
        self.x = Some(reset);
        self
    }

    /// Adds `RateLimit` and `RateLimit-Policy`.
    #[must_use]
    pub const fn with_draft(mut self, draft: DraftVersion) -> Self {
        self.draft = Some(draft);
        self
    }
}

impl Default for HeaderForms {
    /// Both families, in their default formats.
    fn default() -> Self {
        Self::none().with_x_rate_limit(ResetFormat::default()).with_draft(DraftVersion::default())
    }
}

/// What `X-RateLimit-Reset` counts. No standard says; all round up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResetFormat {
    /// The Unix time of the reset in seconds.
    #[default]
    EpochSeconds,
    /// The Unix time of the reset in milliseconds.
    EpochMillis,
    /// The seconds until the reset.
    DeltaSeconds,
}

/// Which revision of draft-ietf-httpapi-ratelimit-headers is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DraftVersion {
    /// `RateLimit: limit=20, remaining=17, reset=42` and `RateLimit-Policy: 20;w=60`.
    Draft07,
    /// `RateLimit: "api";r=17;t=42` and `RateLimit-Policy: "api";q=20;w=60`.
    #[default]
    Draft08To11,
}
