use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::field::one_of;
use super::{FieldError, Timestamp};

const DAY: Duration = Duration::from_hours(24);

/// What an account has subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Without payment, and for everybody who is anonymous.
    Free,
    /// The paid tier.
    Pro,
    /// The tier above which there is none.
    Enterprise,
}

impl Tier {
    /// All tiers, the lowest first.
    pub const ALL: [Self; 3] = [Self::Free, Self::Pro, Self::Enterprise];

    /// The word for it in the database, in labels and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }

    /// How long an analysis stays visible: 7 days, 90 days, for ever.
    #[must_use]
    pub const fn retention(self) -> Retention {
        match self {
            Self::Free => Retention::Days(7),
            Self::Pro => Retention::Days(90),
            Self::Enterprise => Retention::Unlimited,
        }
    }
}

impl FromStr for Tier {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = FieldError::new("tier", "one of free, pro, enterprise");
        one_of(&Self::ALL, Self::as_str, text, error)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// This many times 24 hours.
    Days(u16),
    /// For ever.
    Unlimited,
}

impl Retention {
    /// The oldest instant that is still kept at `now`.
    #[must_use]
    pub fn since(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Days(days) => now.before(DAY * u32::from(days)),
            Self::Unlimited => Timestamp::MIN,
        }
    }
}
