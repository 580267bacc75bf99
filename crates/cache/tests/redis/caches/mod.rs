//! What every cache promises, whatever levels it has: memory alone, Redis alone, both, and both over
//! a cluster.

mod promises;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bartizan_cache::{Access, CacheBuilder, Caches, Level, Options, RedisStore};
use bartizan_probe::{Redis, RedisCluster};

use crate::support::{MINUTE, PATIENCE, get, keys, link};

/// Levels of caches.
trait Levels {
    /// Where what is there is found.
    const FINDS_IN: Level;

    /// Where entries are that other instances find too.
    const URL: Option<fn() -> String>;

    const MEMORY: Access = Access::Full;
}

struct MemoryAlone;

impl Levels for MemoryAlone {
    const FINDS_IN: Level = Level::Memory;
    const URL: Option<fn() -> String> = None;
}

struct RedisAlone;

impl Levels for RedisAlone {
    const FINDS_IN: Level = Level::Store;
    const URL: Option<fn() -> String> = Some(server);
    const MEMORY: Access = Access::None;
}

struct MemoryOverRedis;

impl Levels for MemoryOverRedis {
    const FINDS_IN: Level = Level::Memory;
    const URL: Option<fn() -> String> = Some(server);
}

struct MemoryOverCluster;

impl Levels for MemoryOverCluster {
    const FINDS_IN: Level = Level::Memory;
    const URL: Option<fn() -> String> = Some(cluster);
}

/// The server that these tests share.
fn server() -> String {
    static SERVER: LazyLock<Redis> = LazyLock::new(Redis::start);
    SERVER.url()
}

/// And the cluster: none of them does harm to it.
fn cluster() -> String {
    static CLUSTER: LazyLock<RedisCluster> = LazyLock::new(|| RedisCluster::start(3));
    CLUSTER.url()
}

/// The instances of one promise, which share a namespace.
struct World<L> {
    namespace: String,
    levels: std::marker::PhantomData<L>,
}

impl<L: Levels> World<L> {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let namespace = format!("world-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self { namespace, levels: std::marker::PhantomData }
    }

    /// Another instance.
    async fn caches(&self) -> Caches {
        let Some(url) = L::URL else { return Caches::in_memory() };
        // A cluster takes a while to start.
        let url = tokio::task::spawn_blocking(url).await.unwrap();
        let store = RedisStore::new(link(&url).await).with_namespace(&self.namespace).unwrap();
        Caches::builder().with_store(store).with_store_timeout(PATIENCE).build()
    }

    /// A cache of another instance.
    async fn cache<K, V>(&self) -> Instance<K, V>
    where
        V: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
    {
        self.cache_of("users", |builder| builder).await
    }

    async fn cache_of<K, V>(
        &self,
        name: &str,
        configure: impl FnOnce(CacheBuilder<K, V>) -> CacheBuilder<K, V>,
    ) -> Instance<K, V>
    where
        V: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
    {
        let caches = self.caches().await;
        let builder = caches.cache(name).with_options(Self::options());
        let cache = configure(builder).build_tiered(bartizan_cache::Json).unwrap();
        assert!(caches.ready(PATIENCE).await);
        Instance { caches, cache }
    }

    fn options() -> Options {
        Options::new(MINUTE).with_memory(L::MEMORY)
    }

    /// The bytes in the store.
    async fn stored(&self, key: &str) -> Option<bytes::Bytes> {
        let link = link(&L::URL?()).await;
        get(&link, &format!("{}:{key}", self.namespace)).await
    }
}

/// A cache and those it lives with.
#[derive(Debug)]
struct Instance<K, V> {
    caches: Caches,
    cache: bartizan_cache::Cache<K, V>,
}

impl<K, V> std::ops::Deref for Instance<K, V> {
    type Target = bartizan_cache::Cache<K, V>;

    fn deref(&self) -> &Self::Target {
        &self.cache
    }
}

macro_rules! promises {
    ($($levels:ident: $world:ident),+; $promises:tt) => {
        $(promises! { @levels $levels $world $promises })+
    };
    (@levels $levels:ident $world:ident { $($promise:ident)+ }) => {
        mod $levels {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    super::promises::$promise(&super::World::<super::$world>::new()).await;
                }
            )+
        }
    };
}

promises! {
    memory_alone: MemoryAlone,
    redis_alone: RedisAlone,
    memory_over_redis: MemoryOverRedis,
    memory_over_a_cluster: MemoryOverCluster;
    {
        what_was_set_is_found_with_all_that_is_known_of_it
        what_was_set_last_is_found
        many_are_found_in_the_order_of_their_keys
        what_was_removed_is_gone
        what_was_expired_is_not_found_but_told_to_the_loader
        a_tag_removes_its_entries_and_no_others
        a_tag_expires_its_entries_and_no_others
        clear_is_of_one_cache
        all_of_a_cache_expires
        caches_of_other_names_are_apart
        what_was_loaded_is_found
        many_callers_share_a_load
        the_error_of_a_loader_is_told_and_forgotten
        a_stale_value_stands_in_for_a_loader_that_fails
        what_is_absent_is_remembered
        an_entry_ends_with_its_lifetime
        an_item_has_its_own_lifetime
        keys_do_not_run_into_one_another
        keys_that_are_too_long_are_not_cached
        values_of_any_size_come_back
        what_is_not_to_be_kept_is_not
        levels_that_are_not_to_be_written_are_not
        instances_find_what_others_did
        entries_have_plain_names_in_the_store
    }
}

/// As they are written in the tasks of an operator.
#[tokio::test]
async fn without_a_namespace_a_key_is_its_parts() {
    let redis = Redis::start();
    let link = link(&redis.url()).await;
    let caches = Caches::builder().with_store(RedisStore::new(link.clone())).build();
    let workflows = caches.cache::<(String, String), String>("workflow");
    let workflows = workflows.build_tiered(bartizan_cache::Json).unwrap();
    assert!(caches.ready(PATIENCE).await);
    workflows.set(&("loc_1", "wf_2"), "named".to_owned()).await;
    let names = keys(&link).await;
    assert!(names.contains(&"workflow:loc_1:wf_2".to_owned()), "{names:?}");
}
