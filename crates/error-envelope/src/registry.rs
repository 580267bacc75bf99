use std::error::Error;
use std::fmt;
use std::iter::successors;
use std::sync::Arc;

#[cfg(feature = "tower")]
use bartizan_contract::LogLevel;
use bartizan_contract::{ErrorCase, ErrorReport};
use http::StatusCode;
use http_body_util::LengthLimitError;

use crate::ApiError;
use crate::failure::BoxError;

/// From error types to reports.
#[derive(Clone)]
pub(crate) struct Registry {
    mappings: Vec<Arc<Mapping>>,
    /// What the mapped types are known to report.
    catalogue: Vec<ErrorCase>,
}

type Mapping = dyn Fn(&(dyn Error + 'static)) -> Option<ErrorReport> + Send + Sync;

/// How many links of a `source()` chain are followed: a chain that bites its tail ends here.
pub(crate) const MAX_CHAIN: usize = 32;

impl Registry {
    /// Knows what is built in.
    pub(crate) const EMPTY: Self = Self { mappings: Vec::new(), catalogue: Vec::new() };

    pub(crate) fn map<E: Error + 'static>(
        &mut self,
        report: impl Fn(&E) -> ErrorReport + Send + Sync + 'static,
    ) {
        self.mappings.push(Arc::new(move |error| error.downcast_ref::<E>().map(&report)));
    }

    pub(crate) fn map_api_error<E: ApiError>(&mut self) {
        self.map(E::to_report);
        self.catalogue.extend(E::CATALOGUE);
    }

    pub(crate) fn catalogue(&self) -> &[ErrorCase] {
        &self.catalogue
    }

    /// The report of the first error of the chain, from the outside, that somebody knows. The
    /// user's mappings come before the built-in ones. The error itself becomes the source, so that
    /// the log has the whole chain; a report that is the error keeps its own.
    pub(crate) fn report(&self, error: BoxError) -> ErrorReport {
        let outermost: &(dyn Error + 'static) = error.as_ref();
        let known = chain(outermost).find_map(|link| {
            self.mappings.iter().find_map(|mapping| mapping(link)).or_else(|| built_in(link))
        });
        let report =
            known.unwrap_or_else(|| ErrorReport::from_status(StatusCode::INTERNAL_SERVER_ERROR));
        if error.is::<ErrorReport>() { report } else { report.with_source(error) }
    }
}

/// An error and its sources.
pub(crate) fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |link: &&'a (dyn Error + 'static)| (*link).source()).take(MAX_CHAIN)
}

fn built_in(error: &(dyn Error + 'static)) -> Option<ErrorReport> {
    if let Some(report) = error.downcast_ref::<ErrorReport>() {
        return Some(report.clone());
    }
    if error.is::<LengthLimitError>() {
        return Some(ErrorReport::from_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    #[cfg(feature = "tower")]
    {
        if error.is::<tower::timeout::error::Elapsed>() {
            return Some(
                ErrorReport::from_status(StatusCode::GATEWAY_TIMEOUT)
                    .with_log_level(LogLevel::Warn),
            );
        }
        if error.is::<tower::load_shed::error::Overloaded>() {
            return Some(
                ErrorReport::from_status(StatusCode::SERVICE_UNAVAILABLE)
                    .with_retry_after(OVERLOADED_RETRY_AFTER)
                    .with_log_level(LogLevel::Warn),
            );
        }
    }
    None
}

/// A shed request cost nothing and the queue drains in well under this: the shortest wait that
/// `Retry-After` can say.
#[cfg(feature = "tower")]
const OVERLOADED_RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(1);

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("mappings", &self.mappings.len())
            .field("catalogue", &self.catalogue)
            .finish()
    }
}
