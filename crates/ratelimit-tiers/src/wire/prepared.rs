use std::mem;
use std::time::{Duration, SystemTime};

use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, Entry, HeaderMap, HeaderName, HeaderValue,
    RETRY_AFTER,
};

use super::names::{RATELIMIT, RATELIMIT_POLICY, X_LIMIT, X_REMAINING, X_RESET, X_TIER, X_WINDOW};
use super::policy::is_printable;
use super::{DraftVersion, HeaderForms, QuotaPolicy, ResetFormat, Standing, rounding, value};
use crate::ConfigError;

/// The headers that tell of one limit, all but what changes from request to request.
///
/// Cloning a prepared map and writing the changing values by position hashes no name.
#[derive(Clone, Debug)]
pub struct PreparedHeaders {
    forms: HeaderForms,
    headers: HeaderMap,
    /// What each header of `headers` tells, in the order of its iteration, up to the last that
    /// changes.
    slots: Box<[Slot]>,
    /// What `RateLimit` begins with.
    lead: Box<[u8]>,
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    Fixed,
    Remaining,
    Reset(ResetFormat),
    Standing(DraftVersion),
    ContentLength,
    RetryAfter,
}

/// What the headers of one response tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Telling {
    pub(crate) standing: Standing,
    /// Since 1970.
    pub(crate) now: Duration,
}

/// What the headers of a refusal tell besides.
#[derive(Clone, Copy, Debug, Default)]
struct Refusing {
    length: usize,
    wait: Duration,
}

impl PreparedHeaders {
    /// Tells of one limit.
    #[must_use]
    pub fn new(forms: HeaderForms, shown: &QuotaPolicy) -> Self {
        // First those that change, so that there are few slots.
        let mut headers = HeaderMap::new();
        let later = HeaderValue::from_static("0");
        if forms.x.is_some() {
            headers.insert(X_REMAINING, later.clone());
            headers.insert(X_RESET, later.clone());
        }
        if forms.draft.is_some() {
            headers.insert(RATELIMIT, later);
        }
        if forms.x.is_some() {
            headers.insert(X_LIMIT, value::integer(shown.quota().into()));
            headers.insert(X_WINDOW, value::integer(shown.window()));
        }
        let lead = match forms.draft {
            None => String::new(),
            Some(DraftVersion::Draft07) => format!("limit={}, remaining=", shown.quota()),
            Some(DraftVersion::Draft08To11) => format!("{};r=", shown.quoted_name()),
        };
        Self { forms, headers, slots: Box::default(), lead: lead.into_bytes().into() }
            .with_policies(std::slice::from_ref(shown))
    }

    /// Names the tier in `X-RateLimit-Tier`, if that family is told.
    ///
    /// # Errors
    ///
    /// When the name is not printable ASCII.
    pub fn with_tier(mut self, tier: &str) -> Result<Self, ConfigError> {
        let name = HeaderValue::from_str(tier)
            .ok()
            .filter(|_| !tier.is_empty() && is_printable(tier))
            .ok_or_else(|| ConfigError::new("tier", tier, "printable ASCII characters"))?;
        if self.forms.x.is_some() {
            self.headers.insert(X_TIER, name);
        }
        Ok(self.with_slots())
    }

    /// Lists all limits that a request must pass in `RateLimit-Policy`, not only the one shown.
    #[must_use]
    pub fn with_policies(mut self, limits: &[QuotaPolicy]) -> Self {
        if let Some(draft) = self.forms.draft
            && let Some(policies) = policies(draft, limits)
        {
            self.headers.insert(RATELIMIT_POLICY, policies);
        }
        self.with_slots()
    }

    /// The same beside the headers that a refusal with a JSON body has.
    pub(crate) fn of_refusal(&self) -> Self {
        let mut headers = HeaderMap::new();
        let later = HeaderValue::from_static("0");
        headers.insert(CONTENT_LENGTH, later.clone());
        headers.insert(RETRY_AFTER, later);
        headers.extend(self.headers.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let (forms, lead) = (self.forms, self.lead.clone());
        Self { forms, headers, slots: Box::default(), lead }.with_slots()
    }

    fn with_slots(mut self) -> Self {
        let mut slots: Vec<_> = self.headers.keys().map(|name| self.slot(name)).collect();
        while let Some(Slot::Fixed) = slots.last() {
            slots.pop();
        }
        self.slots = slots.into();
        self
    }

    fn slot(&self, name: &HeaderName) -> Slot {
        match (self.forms.x, self.forms.draft) {
            (Some(_), _) if name == X_REMAINING => Slot::Remaining,
            (Some(reset), _) if name == X_RESET => Slot::Reset(reset),
            (_, Some(draft)) if name == RATELIMIT => Slot::Standing(draft),
            _ if name == CONTENT_LENGTH => Slot::ContentLength,
            _ if name == RETRY_AFTER => Slot::RetryAfter,
            _ => Slot::Fixed,
        }
    }

    /// Writes all headers into a response; those of the same names are replaced.
    pub fn write_into(&self, headers: &mut HeaderMap, standing: Standing, now: SystemTime) {
        let now = rounding::epoch(now, Duration::ZERO);
        self.tell(headers, &Telling { standing, now });
    }

    /// Writes all headers into a response; those of the same names are replaced.
    pub(crate) fn tell(&self, headers: &mut HeaderMap, telling: &Telling) {
        // Moving theirs into a clone of ours hashes their names, inserting ours hashes ours.
        if headers.keys_len() < self.headers.len() {
            let ours = self.filled(telling, Refusing::default());
            let theirs = mem::replace(headers, ours);
            if !theirs.is_empty() {
                move_into(headers, theirs);
            }
        } else {
            let slots = self.slots.iter().copied().chain(std::iter::repeat(Slot::Fixed));
            for (slot, (name, fixed)) in slots.zip(&self.headers) {
                let value = self.value(slot, telling, Refusing::default());
                // A map that is full to its limit of 24,576 headers stays as it is.
                let _ = headers.try_insert(name.clone(), value.unwrap_or_else(|| fixed.clone()));
            }
        }
    }

    /// The headers of a refusal with a JSON body of this length.
    pub(crate) fn refusal(&self, telling: &Telling, length: usize, wait: Duration) -> HeaderMap {
        self.filled(telling, Refusing { length, wait })
    }

    fn filled(&self, telling: &Telling, refusing: Refusing) -> HeaderMap {
        let mut headers = self.headers.clone();
        for (slot, value) in self.slots.iter().zip(headers.values_mut()) {
            if let Some(changed) = self.value(*slot, telling, refusing) {
                *value = changed;
            }
        }
        headers
    }

    #[inline]
    fn value(&self, slot: Slot, telling: &Telling, refusing: Refusing) -> Option<HeaderValue> {
        let Telling { standing: Standing { remaining, reset_after }, now } = *telling;
        let remaining = u64::from(remaining);
        Some(match slot {
            Slot::Fixed => return None,
            Slot::Remaining => value::integer(remaining),
            Slot::Reset(ResetFormat::DeltaSeconds) => {
                value::integer(rounding::seconds(reset_after))
            }
            Slot::Reset(ResetFormat::EpochSeconds) => {
                value::integer(rounding::seconds(now.saturating_add(reset_after)))
            }
            Slot::Reset(ResetFormat::EpochMillis) => {
                value::integer(rounding::millis(now.saturating_add(reset_after)))
            }
            Slot::Standing(draft) => {
                let between: &[u8] = match draft {
                    DraftVersion::Draft07 => b", reset=",
                    DraftVersion::Draft08To11 => b";t=",
                };
                value::pair(&self.lead, remaining, between, rounding::seconds(reset_after))
            }
            Slot::ContentLength => value::integer(refusing.length as u64),
            Slot::RetryAfter => value::retry_after(refusing.wait),
        })
    }
}

/// Adds the headers that are missing, with all their values.
fn move_into(headers: &mut HeaderMap, theirs: HeaderMap) {
    let mut added = None;
    for (name, value) in theirs {
        // A name is followed by its further values without a name.
        if let Some(name) = name {
            added = match headers.entry(name) {
                Entry::Vacant(entry) => Some(entry.insert_entry(value)),
                Entry::Occupied(_) => None,
            };
        } else if let Some(entry) = &mut added {
            entry.append(value);
        }
    }
}

/// The value of `RateLimit-Policy`, of which no limits make none.
fn policies(draft: DraftVersion, limits: &[QuotaPolicy]) -> Option<HeaderValue> {
    let policies: Vec<_> = limits
        .iter()
        .map(|limit| match draft {
            DraftVersion::Draft07 => format!("{};w={}", limit.quota(), limit.window()),
            DraftVersion::Draft08To11 => {
                format!("{};q={};w={}", limit.quoted_name(), limit.quota(), limit.window())
            }
        })
        .collect();
    if policies.is_empty() {
        return None;
    }
    HeaderValue::try_from(policies.join(", ")).ok()
}
