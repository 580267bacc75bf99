//! What responses promise over two levels: several instances over one store, each with a layer
//! before an origin of its own.

#[path = "../../http/support.rs"]
#[expect(dead_code, reason = "the tests of one level need more of it")]
mod http;

mod outage;
mod purge;
mod sharing;
mod variants;
mod wire;

use bartizan_cache::test_util::ChaosControl;
use bartizan_cache::{Answered, CacheLayer, Caches, ResponseCache, Responses, ResponsesBuilder};

use super::support::{Instance, SECOND, World};
use http::{Got, Origin, get, send};

/// A process with a layer.
struct Gateway {
    instance: Instance,
    responses: Responses,
    origin: Origin,
    service: ResponseCache<Origin>,
}

impl Gateway {
    async fn new(world: &World, origin: &Origin) -> Self {
        Self::with(world, origin, |builder| builder, |layer| layer).await
    }

    async fn with(
        world: &World,
        origin: &Origin,
        build: impl FnOnce(ResponsesBuilder) -> ResponsesBuilder,
        lay: impl FnOnce(CacheLayer) -> CacheLayer,
    ) -> Self {
        let gateway = Self::unready(world, origin, ChaosControl::new(), build, lay);
        assert!(gateway.instance.caches.ready(SECOND).await);
        gateway
    }

    fn unready(
        world: &World,
        origin: &Origin,
        control: ChaosControl,
        build: impl FnOnce(ResponsesBuilder) -> ResponsesBuilder,
        lay: impl FnOnce(CacheLayer) -> CacheLayer,
    ) -> Self {
        let instance = world.start_under(control);
        let responses = build(instance.caches.responses("http")).build().unwrap();
        let layer = lay(CacheLayer::new(responses.clone()));
        let service = http::before(&layer, origin);
        Self { instance, responses, origin: origin.clone(), service }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Got {
        send(&self.service, get(path, headers)).await
    }

    async fn send(&self, method: &str, path: &str) -> Got {
        send(&self.service, http::request(method, path, &[])).await
    }

    /// What is answered, and how.
    async fn told(&self, path: &str, headers: &[(&str, &str)]) -> (String, Answered) {
        let got = self.get(path, headers).await;
        (got.text().to_owned(), got.handled.answer)
    }

    fn asked(&self) -> usize {
        self.origin.asked()
    }
}

/// Two instances, each with an origin that gives one answer again and again.
async fn pair(fields: &[(&str, &str)]) -> (World, Gateway, Gateway) {
    pair_of(http::answer("one", fields), http::answer("two", fields)).await
}

async fn pair_of(one: Answer, two: Answer) -> (World, Gateway, Gateway) {
    let world = World::new();
    let one = Gateway::new(&world, &Origin::new([one])).await;
    let two = Gateway::new(&world, &Origin::new([two])).await;
    (world, one, two)
}

type Answer = ::http::Response<http_body_util::Full<bytes::Bytes>>;

fn uri(path: &str) -> ::http::Uri {
    format!("http://example.com{path}").parse().unwrap()
}

/// What was served, in short.
fn fresh(text: &str) -> (String, Answered) {
    (text.to_owned(), Answered::Fresh)
}

fn inner(text: &str) -> (String, Answered) {
    (text.to_owned(), Answered::Inner)
}

fn stale(text: &str) -> (String, Answered) {
    (text.to_owned(), Answered::Stale)
}

/// A process that begins now.
async fn late(world: &World, text: &str, fields: &[(&str, &str)]) -> Gateway {
    Gateway::new(world, &Origin::new([http::answer(text, fields)])).await
}

fn caches(gateway: &Gateway) -> &Caches {
    &gateway.instance.caches
}
