use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use tower_service::Service;

use super::{Errand, Origin, Received};
use crate::layer::Shared;
use crate::policy::http::{Exchange, Forward, invalidates, storing, targets};
use crate::request::{Facts, Head};
use crate::responses::Target;
use crate::{CacheBody, Mark};

impl<S, ReqBody, ResBody> Errand<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    ReqBody: Send + 'static,
    ResBody: Body<Data = Bytes> + Send + 'static,
{
    /// Passes a method on that may change what it is about. If that succeeds, what is stored of it
    /// goes before the client learns so (RFC 9111, section 4.4).
    pub(crate) async fn change(mut self) -> Result<Response<CacheBody<ResBody>>, S::Error> {
        let origin = Origin::new(&self, Forward::Method, self.target.clone(), None);
        let head = Head::new(&self.request);
        let uri = Target::of(&head, &self.shared.settings.site).and_then(|at| at.to_uri());
        let clock = Arc::clone(&self.shared.responses.0.core.ground.clock);
        let asked = clock.wall();
        let response = self.inner.call(self.request).await?;
        let answered = clock.wall();
        if let Some(uri) = uri
            && invalidates(response.status())
        {
            origin.shared.invalidate(uri, response.headers()).await;
        }
        let received = Received {
            begun: origin.shelf().core.begin_reading(),
            exchange: Exchange { asked, answered },
            at: clock.now(),
        };
        Ok(origin.answer_change(response, received))
    }
}

impl Origin {
    fn answer_change<B>(&self, response: Response<B>, received: Received) -> Response<CacheBody<B>>
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        let rules = &self.shared.settings.rules;
        // The key of a change says neither who sent it nor what else tells responses apart.
        let is_for_all = !self.shared.settings.is_parted()
            && !self.facts.has(Facts::CREDENTIAL)
            && !self.facts.has(Facts::FORWARDING);
        if self.method == Method::POST && rules.stores_post && is_for_all {
            let (status, headers): (StatusCode, &HeaderMap) =
                (response.status(), response.headers());
            if let Ok(terms) = storing(self.asked(), status, headers, received.exchange, rules) {
                return self.store(response, terms, received, None);
            }
        }
        self.untouched(response, false)
    }
}

impl Shared {
    /// In a task of its own: half an invalidation would be none for other instances.
    async fn invalidate(self: &Arc<Self>, uri: Uri, headers: &HeaderMap) {
        let mut uris = targets(&uri, headers);
        uris.push(uri);
        let responses = Arc::clone(&self.responses.0);
        let marking = async move {
            for uri in &uris {
                if let Some(target) = Target::of_uri(uri) {
                    responses.mark(&target, Mark::Remove).await;
                }
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(marking).await),
            Err(_) => marking.await,
        }
    }
}
