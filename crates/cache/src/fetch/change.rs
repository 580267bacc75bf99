use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use tokio::runtime::Handle;
use tower_service::Service;

use super::{Errand, Origin, Received};
use crate::key::Key;
use crate::policy::http::{Exchange, Forward, invalidates, storing, targets};
use crate::request::{Facts, Head};
use crate::responses::{Shelf, Target};
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
        let changed = Changed::new(&self);
        let clock = Arc::clone(&self.shared.responses.0.core.ground.clock);
        let asked = clock.wall();
        let before = origin.shelf().core.begin_reading();
        let response = self.inner.call(self.request).await?;
        let answered = clock.wall();
        // What others have invalidated meanwhile, this one may have been made of.
        let is_overtaken = origin.shelf().core.begin_reading().sequence() != before.sequence();
        if invalidates(response.status()) {
            changed.invalidate(response.headers()).await;
        }
        let received = Received {
            begun: origin.shelf().core.begin_reading(),
            exchange: Exchange { asked, answered },
            at: clock.now(),
        };
        Ok(origin.answer_change(response, received, is_overtaken))
    }
}

impl Origin {
    fn answer_change<B>(
        &self,
        response: Response<B>,
        received: Received,
        is_overtaken: bool,
    ) -> Response<CacheBody<B>>
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        let rules = &self.shared.settings.rules;
        // The key of a change says neither who sent it nor what else tells responses apart.
        let is_for_all = !self.shared.settings.is_parted()
            && !self.facts.has(Facts::CREDENTIAL)
            && !self.facts.has(Facts::FORWARDING);
        if self.method == Method::POST && rules.stores_post && is_for_all && !is_overtaken {
            let (status, headers): (StatusCode, &HeaderMap) =
                (response.status(), response.headers());
            if let Ok(terms) = storing(self.asked(), status, headers, received.exchange, rules) {
                return self.store(response, terms, received, None);
            }
        }
        self.untouched(response)
    }
}

/// What a request is about that may change it.
struct Changed {
    responses: Arc<Shelf>,
    target: Key,
    /// Where more than the target tells responses apart.
    tag: Option<Box<str>>,
    /// Nothing if the request names no host.
    uri: Option<Uri>,
}

impl Changed {
    fn new<S, ReqBody>(errand: &Errand<S, ReqBody>) -> Self {
        let responses = Arc::clone(&errand.shared.responses.0);
        let head = Head::new(&errand.request);
        let target = Target::of(&head, &errand.shared.settings.site);
        let tag = target.as_ref().filter(|_| responses.is_parted()).map(Target::tag);
        let uri = target.and_then(|target| target.to_uri());
        Self { responses, target: errand.target.clone(), tag, uri }
    }

    /// In tasks of their own: half an invalidation would be none for other instances, and each may
    /// have to wait for the store.
    async fn invalidate(self, headers: &HeaderMap) {
        let Self { responses, target, tag, uri } = self;
        let others = uri.map(|uri| targets(&uri, headers)).unwrap_or_default();
        let Ok(runtime) = Handle::try_current() else {
            responses.mark_also(target, tag, Mark::Remove).await;
            for uri in &others {
                responses.mark(uri, Mark::Remove).await;
            }
            return;
        };
        let mut marking: Vec<_> = others
            .into_iter()
            .map(|uri| {
                let responses = Arc::clone(&responses);
                runtime.spawn(async move { responses.mark(&uri, Mark::Remove).await })
            })
            .collect();
        marking.push(
            runtime
                .spawn(async move { Some(responses.mark_also(target, tag, Mark::Remove).await) }),
        );
        for marked in marking {
            // One that panicked has been told of by the runtime.
            drop(marked.await);
        }
    }
}
