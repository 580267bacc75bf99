use std::time::Duration;

use super::rounding;
use crate::ConfigError;

/// One limit as clients are told of it, a quota policy of the drafts: so many in a window, under a
/// name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaPolicy {
    name: Box<str>,
    quota: u32,
    window: u64,
}

impl QuotaPolicy {
    /// The longest name, in characters.
    pub const MAX_NAME: usize = 64;

    /// Names a limit of `quota` in each `window`, which is told in whole seconds, rounded up.
    ///
    /// # Errors
    ///
    /// When the name is not 1 to 64 printable ASCII characters, or the window is empty.
    pub fn new(name: &str, quota: u32, window: Duration) -> Result<Self, ConfigError> {
        let well_formed = (1..=Self::MAX_NAME).contains(&name.len()) && is_printable(name);
        if !well_formed {
            let expected = "1 to 64 printable ASCII characters";
            return Err(ConfigError::new("policy name", name, expected));
        }
        if window.is_zero() {
            return Err(ConfigError::duration("window", window, "a time longer than nothing"));
        }
        Ok(Self { name: name.into(), quota, window: rounding::seconds(window) })
    }

    /// How many are allowed in a window.
    #[must_use]
    pub const fn quota(&self) -> u32 {
        self.quota
    }

    /// The window in seconds.
    pub(super) const fn window(&self) -> u64 {
        self.window
    }

    /// The name as a string of a structured field (RFC 9651, section 3.3.3).
    pub(super) fn quoted_name(&self) -> String {
        format!("\"{}\"", self.name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// How a client stands against a limit, a service limit of the drafts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// How many are left.
    pub remaining: u32,
    /// How long until the quota is whole again.
    pub reset_after: Duration,
}

/// What a string of a structured field may hold.
pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}
