//! What every store and every backplane promises.

use bartizan_cache::RedisStore;
use bartizan_probe::Redis;
use bartizan_redis_link::Link;

use crate::suite::{self, Instance};
use crate::support::{link, tell};

struct InRedis {
    redis: Redis,
    link: Link,
}

impl suite::World for InRedis {
    async fn new() -> Self {
        let redis = Redis::start();
        let link = link(&redis.url()).await;
        Self { redis, link }
    }

    async fn instance(&self) -> Instance {
        Instance::new(RedisStore::new(link(&self.redis.url()).await))
    }

    async fn flush(&self) {
        tell(&self.link, &["FLUSHALL"]).await;
    }
}

promises!(in_redis: InRedis, #[tokio::test(flavor = "multi_thread", worker_threads = 2)]);
