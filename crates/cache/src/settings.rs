use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::uri::Scheme;

use crate::Profile;
use crate::body::Limits;
use crate::members::Members;
use crate::policy::http::{Heuristics, Normalise, Rules};
use crate::request::{Fields, Head, Partition};
use crate::responses::Site;

/// What a layer was told.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) rules: Rules,
    pub(crate) normalise: Normalise,
    pub(crate) site: Site,
    pub(crate) profile: Profile,
    /// Header fields that are part of the key.
    pub(crate) key_headers: Vec<HeaderName>,
    pub(crate) partition: Option<Arc<PartitionOf>>,
    pub(crate) credentials: Vec<HeaderName>,
    pub(crate) forwarding: Vec<HeaderName>,
    pub(crate) fields: Fields,
    /// Who calls itself so in `Cache-Status`.
    pub(crate) name: Arc<str>,
    pub(crate) members: Members,
    pub(crate) tells_key: bool,
    pub(crate) limits: Limits,
    pub(crate) variants: usize,
    pub(crate) ranges: usize,
    /// How long a request waits for the fetch of another.
    pub(crate) wait: Duration,
    /// How long a client that has left may be outlived.
    pub(crate) patience: Duration,
    /// How long the inner service may take where a stale response may stand for its answer.
    pub(crate) soft_timeout: Option<Duration>,
    /// Bytes of bodies that are given an entity tag.
    pub(crate) etags: Option<usize>,
    /// Fields of responses that name surrogate keys.
    pub(crate) tags: Vec<HeaderName>,
}

pub(crate) type PartitionOf = dyn Fn(&Head<'_>) -> Partition + Send + Sync;

/// In `Cache-Status`, if nothing is said.
const NAME: &str = "bartizan";

const DAY: Duration = Duration::from_secs(86_400);

impl Settings {
    pub(crate) fn of(profile: Profile) -> Self {
        let is_rfc = profile == Profile::Rfc;
        let rules = Rules {
            targeted: Vec::new(),
            heuristics: is_rfc.then_some(Heuristics { share: 0.1, most: DAY }),
            stores_set_cookie: is_rfc,
            stores_refusals: is_rfc,
            serves_without_lifetime: is_rfc,
            stores_post: is_rfc,
            obeys_requests: true,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: if is_rfc { DAY } else { Duration::ZERO },
            keep_for_validation: DAY,
            most: DAY * 30,
        };
        let (credentials, forwarding) = (profile.credentials(), profile.forwarding());
        Self {
            rules,
            normalise: Normalise { codings: None, lists: is_rfc, languages: is_rfc },
            site: Site { scheme: Scheme::HTTP, uri_of: None },
            profile,
            key_headers: Vec::new(),
            partition: None,
            fields: Fields::new(&credentials, &forwarding),
            credentials,
            forwarding,
            name: NAME.into(),
            members: Members::of(NAME),
            tells_key: false,
            limits: Limits { body: 4 << 20, all: 64 << 20 },
            variants: 32,
            ranges: 8,
            wait: Duration::from_secs(5),
            patience: Duration::from_secs(60),
            soft_timeout: None,
            etags: None,
            tags: vec![
                HeaderName::from_static("cache-tag"),
                HeaderName::from_static("surrogate-key"),
            ],
        }
    }

    /// After a change of what is looked for, or of the name.
    pub(crate) fn refresh(&mut self) {
        let undeclared = |name: &&HeaderName| !self.key_headers.contains(name);
        let forwarding: Vec<_> = self.forwarding.iter().filter(undeclared).cloned().collect();
        self.fields = Fields::new(&self.credentials, &forwarding);
        self.members = Members::of(&self.name);
    }

    /// Whether a body sends requests by the cache that have no use for one.
    pub(crate) fn bypasses_bodies(&self) -> bool {
        self.profile == Profile::Secure
    }

    /// Whether more than the URI and `Vary` tells responses apart.
    pub(crate) fn is_parted(&self) -> bool {
        self.partition.is_some() || !self.key_headers.is_empty()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("profile", &self.profile)
            .field("rules", &self.rules)
            .field("key_headers", &self.key_headers)
            .field("credentials", &self.credentials)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
