use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::{FieldError, Timestamp};

const SHAPE: &str = "1 to 64 letters, digits, `_` or `-`";

fn parse(text: &str, field: &'static str) -> Result<Cow<'static, str>, FieldError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(Cow::Owned(text.to_owned()))
    } else {
        Err(FieldError::new(field, SHAPE))
    }
}

/// Ids sort by the time they were made at; the random half keeps two of one microsecond apart.
fn make(prefix: &str, now: Timestamp) -> Cow<'static, str> {
    format!("{prefix}_{:013x}{:016x}", now.as_micros().max(0), fastrand::u64(..)).into()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($field:literal $(, $prefix:literal)?);)*) => {$(
        $(#[$doc])*
        ///
        /// 1 to 64 letters, digits, `_` or `-`.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            $(
                /// Makes a new id, which sorts after those made before `now`.
                #[must_use]
                pub fn make(now: Timestamp) -> Self {
                    Self(make($prefix, now))
                }
            )?

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = FieldError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text, $field).map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A tenant: everything but leads belongs to one.
    LocationId("locationId", "loc");
    /// An account of a location.
    AccountId("accountId", "acc");
    /// Somebody who logs in.
    UserId("userId", "usr");
    /// A workflow, unique within its location.
    WorkflowId("workflowId");
    /// One analysis of a workflow.
    AnalysisId("analysisId", "an");
    /// A lead.
    LeadId("leadId", "lead");
}

impl LocationId {
    /// A name that is written in the program, and well-formed there.
    pub(crate) const fn constant(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}
