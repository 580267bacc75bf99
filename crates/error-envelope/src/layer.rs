use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use bartizan_contract::{ErrorCase, ErrorReport, RouteOf};
use tower_layer::Layer;

use crate::problem::ProblemBase;
use crate::registry::Registry;
use crate::{ApiError, ConfigError, ErrorEnvelope, Observer};

/// Turns every failure of the inner service into one shape; its own error is
/// [`Infallible`](std::convert::Infallible).
///
/// Stands outside of every layer that answers requests.
#[derive(Clone, Debug, Default)]
pub struct ErrorEnvelopeLayer<O = ()> {
    settings: Settings,
    observer: O,
}

/// What an envelope was told at build. A clone of it is a part of each request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    dictionary: Option<Arc<Dictionary>>,
    pub(crate) client_text: ClientText,
    pub(crate) route_of: Option<RouteOf>,
}

/// From errors to reports, and from codes to URIs. Many envelopes have nothing to look up, and
/// then requests share no reference count.
#[derive(Clone, Debug)]
pub(crate) struct Dictionary {
    pub(crate) registry: Registry,
    pub(crate) base: ProblemBase,
}

impl Dictionary {
    const EMPTY: &Self = &Self { registry: Registry::EMPTY, base: ProblemBase::NONE };
}

impl Settings {
    pub(crate) fn dictionary(&self) -> &Dictionary {
        self.dictionary.as_deref().unwrap_or(Dictionary::EMPTY)
    }

    fn dictionary_mut(&mut self) -> &mut Dictionary {
        Arc::make_mut(self.dictionary.get_or_insert_with(|| Arc::new(Dictionary::EMPTY.clone())))
    }
}

/// What becomes of the short plain text of a 4xx. The plain text of a 5xx never reaches the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientText {
    /// It becomes the message.
    #[default]
    IsMessage,
    /// It is logged, and the message is that of the status.
    IsHidden,
}

impl ErrorEnvelopeLayer {
    /// Knows length limits, and with feature `tower` also timeouts and load shedding.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<O> ErrorEnvelopeLayer<O> {
    /// Reports errors of type `E`, wherever they stand in the `source()` chain.
    ///
    /// The outermost error of the chain that any mapping knows decides; a mapping made earlier
    /// comes first.
    #[must_use]
    pub fn map_error<E: Error + 'static>(
        mut self,
        report: impl Fn(&E) -> ErrorReport + Send + Sync + 'static,
    ) -> Self {
        self.settings.dictionary_mut().registry.map(report);
        self
    }

    /// Reports errors of a type with `#[derive(ApiError)]`, wherever they stand in the chain.
    #[must_use]
    pub fn map_api_error<E: ApiError>(mut self) -> Self {
        self.settings.dictionary_mut().registry.map_api_error::<E>();
        self
    }

    /// Sets the URI that, followed by the code, is the `type` of a problem (RFC 9457).
    ///
    /// # Errors
    ///
    /// When `base` is not the text of a URI that ends with `/`, `#`, `:` or `=`.
    pub fn with_problem_base(
        mut self,
        base: impl Into<Cow<'static, str>>,
    ) -> Result<Self, ConfigError> {
        self.settings.dictionary_mut().base = ProblemBase::parse(base.into())?;
        Ok(self)
    }

    /// Decides what becomes of the text of a 4xx.
    #[must_use]
    pub fn with_client_text(mut self, text: ClientText) -> Self {
        self.settings.client_text = text;
        self
    }

    /// Tells how to read the route template, so that a 404 where no route matched is
    /// `ROUTE_NOT_FOUND`.
    ///
    /// For a layer that stands where the router has left its template, such as axum's
    /// `Router::layer`; around the router no request has one yet, and every bare 404 would be taken
    /// for an unmatched route.
    #[must_use]
    pub fn with_route_of(mut self, route_of: RouteOf) -> Self {
        self.settings.route_of = Some(route_of);
        self
    }

    /// Replaces the observer.
    #[must_use]
    pub fn with_observer<P: Observer>(self, observer: P) -> ErrorEnvelopeLayer<P> {
        ErrorEnvelopeLayer { settings: self.settings, observer }
    }
}

impl<O> ErrorEnvelopeLayer<O> {
    /// What the mapped error types may report.
    pub(crate) fn catalogue(&self) -> &[ErrorCase] {
        self.settings.dictionary().registry.catalogue()
    }
}

impl<S, O: Clone> Layer<S> for ErrorEnvelopeLayer<O> {
    type Service = ErrorEnvelope<S, O>;

    fn layer(&self, inner: S) -> Self::Service {
        ErrorEnvelope::new(inner, self.settings.clone(), self.observer.clone())
    }
}
