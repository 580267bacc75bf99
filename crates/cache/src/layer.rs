use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderName;
use http::uri::Scheme;
use tower_layer::Layer;

use crate::policy::http::Heuristics;
use crate::request::{Head, Partition, UriOf};
use crate::responses::Responses;
use crate::settings::Settings;
use crate::{ConfigError, Profile, ResponseCache};

/// Answers requests from stored responses, as a shared cache (RFC 9111).
///
/// All services that the layer makes share its [`Responses`]; so do layers that are made over the
/// same, and what one of them has stored the others serve, by whatever rules it was stored: layers
/// that differ in whose responses they share need [`Responses`] of their own. Stands outside of whatever encodes responses, so that each encoding is stored, and inside
/// of whatever tells who is asking.
#[derive(Clone)]
pub struct CacheLayer {
    shared: Arc<Shared>,
}

/// A request that waits so long waits for good, and the end of its time can still be said.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// What the requests of all services of a layer share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) responses: Responses,
    pub(crate) settings: Settings,
}

impl CacheLayer {
    /// Stores responses there, with [`Profile::Secure`].
    #[must_use]
    pub fn new(responses: Responses) -> Self {
        let settings = Settings::of(Profile::Secure);
        Self { shared: Arc::new(Shared { responses, settings }) }
    }

    /// Replaces the profile, and with it all that was set before.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        self.with(|settings| *settings = Settings::of(profile))
    }

    /// These header fields of requests are part of the key: responses to requests in which they
    /// differ are different ones, whatever `Vary` says.
    #[must_use]
    pub fn with_key_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|settings| settings.key_headers = names.into_iter().collect())
    }

    /// Tells from a request who may be given its response as well. Where this says
    /// [`Partition::Of`], credential headers do not keep it from being shared within.
    #[must_use]
    pub fn with_partition(
        self,
        partition: impl Fn(&Head<'_>) -> Partition + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.partition = Some(Arc::new(partition)))
    }

    /// Replaces the header fields by which a request is known to be somebody's: `Authorization`,
    /// `Cookie` and `Proxy-Authorization` under [`Profile::Secure`], none under [`Profile::Rfc`].
    /// With none, a layer on one route shares what other routes do not.
    #[must_use]
    pub fn with_credential_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|settings| settings.credentials = names.into_iter().collect())
    }

    /// Replaces the header fields that send a request by the cache unless the key holds them,
    /// because something may take another target from them. What a proxy of one's own always
    /// writes, and nothing inside reads, is left out. `Connection` counts where it names fields
    /// that the next hop takes out.
    #[must_use]
    pub fn with_forwarding_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|settings| settings.forwarding = names.into_iter().collect())
    }

    /// Stores responses with `Set-Cookie`, and gives each client the cookies of the first.
    #[must_use]
    pub fn storing_set_cookie(self) -> Self {
        self.with(|settings| settings.rules.stores_set_cookie = true)
    }

    /// Stores errors that may be the fault of one request, and not of what it asks for: all but 404,
    /// 405, 410, 414, 451 and 501, which are stored anyway. Whoever provokes one spoils the target
    /// for others then, as long as it says that it is fresh.
    #[must_use]
    pub fn storing_refusals(self) -> Self {
        self.with(|settings| settings.rules.stores_refusals = true)
    }

    /// Looks for directives in these fields before `Cache-Control`, the first one first (RFC 9213).
    #[must_use]
    pub fn with_targeted_fields(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|settings| settings.rules.targeted = names.into_iter().collect())
    }

    /// Gives responses without a lifetime this share of the time since their last modification, up
    /// to a limit (RFC 9111, section 4.2.2).
    ///
    /// # Errors
    ///
    /// When the share is not above 0 and at most 1.
    pub fn with_heuristics(self, share: f64, most: Duration) -> Result<Self, ConfigError> {
        if !(share > 0.0 && share <= 1.0) {
            let expected = "a share above 0 and at most 1";
            return Err(ConfigError::new("heuristics", share.to_string(), expected));
        }
        Ok(self.with(|settings| settings.rules.heuristics = Some(Heuristics { share, most })))
    }

    /// Gives responses without a lifetime none: they are stored only to be validated.
    #[must_use]
    pub fn without_heuristics(self) -> Self {
        self.with(|settings| settings.rules.heuristics = None)
    }

    /// Serves stale responses that say nothing of it for so long while they are fetched anew (RFC
    /// 5861, section 3).
    #[must_use]
    pub fn with_stale_while_revalidate(self, window: Duration) -> Self {
        self.with(|settings| settings.rules.stale_while_revalidate = window)
    }

    /// Serves stale responses that say nothing of it for so long in place of errors (RFC 5861,
    /// section 4): an error of the inner service, or a status of 500, 502, 503 or 504.
    #[must_use]
    pub fn with_stale_if_error(self, window: Duration) -> Self {
        self.with(|settings| settings.rules.stale_if_error = window)
    }

    /// Takes an inner service that is slower for one that failed, where a stale response may stand
    /// for its answer. It goes on, and what it brings is stored.
    #[must_use]
    pub fn with_soft_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.soft_timeout = Some(timeout.min(LONGEST)))
    }

    /// Keeps stale responses that have a validator for so long, to validate them: a day, if nothing
    /// is said.
    #[must_use]
    pub fn with_validation_window(self, window: Duration) -> Self {
        self.with(|settings| settings.rules.keep_for_validation = window)
    }

    /// Takes no notice of `Cache-Control` and `Pragma` in requests: no client makes the inner
    /// service answer what is stored.
    #[must_use]
    pub fn ignoring_request_directives(self) -> Self {
        self.with(|settings| settings.rules.obeys_requests = false)
    }

    /// Where responses vary by `Accept-Encoding`, requests differ by these codings alone: those
    /// that the inner service makes.
    #[must_use]
    pub fn with_codings<'a>(self, codings: impl IntoIterator<Item = &'a str>) -> Self {
        let codings = codings.into_iter().map(|coding| coding.to_ascii_lowercase().into());
        self.with(|settings| settings.normalise.codings = Some(codings.collect()))
    }

    /// Takes requests for the same that say the same in other words: where responses vary by
    /// `Accept-Language`, those that prefer the same languages; by any other list, those that differ
    /// in white space around its commas (RFC 9111, section 4.1).
    #[must_use]
    pub fn normalising_variants(self) -> Self {
        self.with(|settings| {
            settings.normalise.languages = true;
            settings.normalise.lists = true;
        })
    }

    /// Bodies with more bytes are not stored: 4 MiB, if nothing is said.
    #[must_use]
    pub fn with_max_body(self, bytes: usize) -> Self {
        self.with(|settings| settings.limits.body = bytes)
    }

    /// All bodies that are being stored may take so many bytes: 64 MiB, if nothing is said. Those
    /// that do not fit are not stored.
    #[must_use]
    pub fn with_max_buffered(self, bytes: usize) -> Self {
        self.with(|settings| settings.limits.all = bytes)
    }

    /// A target has so many variants: 32, if nothing is said. For a new one the oldest goes.
    #[must_use]
    pub fn with_max_variants(self, variants: usize) -> Self {
        self.with(|settings| settings.variants = variants)
    }

    /// Serves so many ranges of one response at once, and all of it to who asks for more: 8, if
    /// nothing is said.
    #[must_use]
    pub fn with_max_ranges(self, ranges: usize) -> Self {
        self.with(|settings| settings.ranges = ranges)
    }

    /// A request waits so long for another that fetches the same, and then fetches for itself: 5 s,
    /// if nothing is said.
    #[must_use]
    pub fn with_lock_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.wait = timeout.min(LONGEST))
    }

    /// Goes on so long with what no client waits for: a body whose client has left is read to its
    /// end, what was served stale is fetched anew. A minute, if nothing is said; with zero a stale
    /// response is not renewed where the inner service does not answer at once.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        self.with(|settings| settings.patience = patience)
    }

    /// Gives stored responses without an entity tag one that is made of their bytes, up to so many.
    #[must_use]
    pub fn with_entity_tags(self, max_bytes: usize) -> Self {
        self.with(|settings| settings.etags = Some(max_bytes))
    }

    /// Reads surrogate keys from these fields of responses: `Cache-Tag` and `Surrogate-Key`, if
    /// nothing is said. They are separated by commas; each word of one that has spaces counts too.
    #[must_use]
    pub fn with_tag_fields(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|settings| settings.tags = names.into_iter().collect())
    }

    /// Calls itself so in `Cache-Status` (RFC 9211): `bartizan`, if nothing is said.
    #[must_use]
    pub fn with_name(self, name: impl Into<Arc<str>>) -> Self {
        self.with(|settings| settings.name = name.into())
    }

    /// Tells the key in `Cache-Status` as well, which says what tells responses apart.
    #[must_use]
    pub fn telling_keys(self) -> Self {
        self.with(|settings| settings.tells_key = true)
    }

    /// Takes requests whose URI says no scheme to be of this one: `http`, if nothing is said.
    #[must_use]
    pub fn with_scheme(self, scheme: Scheme) -> Self {
        self.with(|settings| settings.site.scheme = scheme)
    }

    /// Takes path and query from there, where a router shortens them before the layer sees them.
    ///
    /// Without it, what two routers have made the same path is one target: the responses of one
    /// mount are served by the other, if they share their [`Responses`].
    #[must_use]
    pub fn with_uri_of(self, uri_of: UriOf) -> Self {
        self.with(|settings| settings.site.uri_of = Some(uri_of))
    }

    /// Where its responses are stored.
    #[must_use]
    pub fn responses(&self) -> &Responses {
        &self.shared.responses
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        let shared = Arc::make_mut(&mut self.shared);
        set(&mut shared.settings);
        shared.settings.refresh();
        if shared.settings.is_parted() {
            shared.responses.0.is_parted.store(true, Ordering::Relaxed);
        }
        self
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = ResponseCache<S>;

    fn layer(&self, inner: S) -> ResponseCache<S> {
        ResponseCache::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for CacheLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheLayer")
            .field("responses", &self.shared.responses)
            .field("settings", &self.shared.settings)
            .finish()
    }
}
