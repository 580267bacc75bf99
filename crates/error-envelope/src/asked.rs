use bartizan_contract::{Reply, RouteOf};
use http::{Extensions, HeaderMap, Request};

use crate::Stage;
use crate::failure::catch;
use crate::negotiate::Format;
use crate::request_id::{Correlation, RequestId};

/// What an error answer needs to know of its request, which is gone by then.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) reply: Reply,
    pub(crate) format: Format,
    pub(crate) correlation: Correlation,
    pub(crate) route: Route,
}

/// Whether a route matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Matched,
    Unmatched,
    /// Nobody said how to tell.
    Unknown,
}

/// Asks the user's function, which may panic.
fn route(route_of: RouteOf, extensions: &Extensions) -> Route {
    match catch(Stage::Call, || route_of(extensions).is_some()) {
        Ok(true) => Route::Matched,
        Ok(false) => Route::Unmatched,
        Err(_) => Route::Unknown,
    }
}

impl Asked {
    #[inline]
    pub(crate) fn for_request<B>(request: &Request<B>, route_of: Option<RouteOf>) -> Self {
        let mut asked = Self {
            reply: Reply::for_request(request),
            format: Format::Envelope,
            correlation: Correlation::settled(request.extensions()),
            route: route_of
                .map_or(Route::Unknown, |route_of| route(route_of, request.extensions())),
        };
        asked.read(request.headers());
        asked
    }

    /// Reads all headers in one pass: hashing three names costs more than comparing them with the
    /// dozen that a request has.
    #[inline]
    fn read(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            match name.as_str() {
                "accept" => self.format.consider(value, headers),
                "x-request-id" => self.correlation.offer_id(value),
                "traceparent" => self.correlation.offer_traceparent(value),
                _ => {}
            }
        }
    }

    /// The id that header, body and log share; made now if the request had none.
    pub(crate) fn request_id(&self) -> RequestId {
        self.correlation.request_id()
    }
}
