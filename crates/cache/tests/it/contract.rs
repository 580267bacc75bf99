//! What types promise: they cross threads, futures may be dropped anywhere, and nothing stays.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use bartizan_cache::{
    Access, Cache, CacheBuilder, CacheStats, Cached, Caches, CachesBuilder, ConfigError, Item,
    LoadError, Options, Reach,
};

use crate::support::{Broken, describe, minute, poll_once, safe, secs, settle};

const fn crosses_threads<T: Send + Sync>() {}
const fn is_static<T: Send + Sync + Unpin + Clone + 'static>() {}
fn moves<T: Send>(future: T) -> T {
    future
}

const _: () = {
    is_static::<Caches>();
    is_static::<Cache<String, Vec<u8>>>();
    is_static::<Cached<String>>();
    is_static::<Options>();
    is_static::<Item<String>>();
    is_static::<LoadError<std::io::Error>>();
    is_static::<ConfigError>();
    is_static::<CacheStats>();
    is_static::<(Access, Reach)>();
    crosses_threads::<CacheBuilder<String, String>>();
    crosses_threads::<CachesBuilder>();
    // Handles cross threads whatever their keys are: they hold none.
    is_static::<Cache<std::rc::Rc<str>, u32>>();
};

#[tokio::test(start_paused = true)]
async fn every_future_may_be_sent() {
    let cache: Cache<(String, u32), String> = Caches::in_memory().cache("numbers").build().unwrap();
    let key = &("a", 1);
    let options = safe();
    moves(cache.set(key, "x".to_owned())).await;
    moves(cache.set_with(key, &options, "x".to_owned())).await;
    moves(cache.get(key)).await.unwrap();
    moves(cache.get_with(key, &options)).await.unwrap();
    moves(cache.get_many([key])).await;
    let loader = async |_| Ok::<_, Broken>("y".to_owned());
    moves(cache.get_or_load(key, loader)).await.unwrap();
    moves(cache.get_or_load_with(key, &options, loader)).await.unwrap();
    moves(cache.expire(key)).await;
    moves(cache.remove(key)).await;
    moves(cache.remove_tag("t")).await;
    moves(cache.expire_tag("t")).await;
    moves(cache.clear()).await;
    moves(cache.expire_all()).await;
}

#[tokio::test(start_paused = true)]
async fn errors_need_be_no_errors_and_keep_their_source() {
    let cache: Cache<String, u32> = describe(minute()).build().unwrap();
    let text = cache.get_or_load("a", async |_| Err::<u32, _>("no error type")).await.unwrap_err();
    assert_eq!(text.loader(), Some(&"no error type"));
    assert_eq!(text.to_string(), "the loader failed");
    let io = async |_| Err::<u32, _>(std::io::Error::other("disk"));
    let error = cache.get_or_load("a", io).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "disk");
    assert!(source.downcast_ref::<std::io::Error>().is_some());
    assert!(Arc::ptr_eq(&failed(&error), &failed(&error.clone())));
}

fn failed<E>(error: &LoadError<E>) -> Arc<E> {
    let LoadError::Failed(error) = error else { panic!("not of the loader") };
    Arc::clone(error)
}

/// moka gives memory back when no thread of the process can be looking at it any more, so other
/// tests delay it; what happens in another cache moves it on.
async fn is_released(value: &Arc<i32>) -> bool {
    let begun = std::time::Instant::now();
    let other: Cache<u32, u32> = Caches::in_memory().cache("other").build().unwrap();
    for key in 0.. {
        if Arc::strong_count(value) == 1 {
            return true;
        }
        if begun.elapsed() > secs(20) {
            break;
        }
        other.set(&(key % 64), key).await;
        other.remove(&(key % 64)).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn dropped_after_any_number_of_polls_a_call_leaves_nothing() {
    for polls in 0..40 {
        let value = Arc::new(1);
        let cache: Cache<String, Arc<i32>> =
            describe(safe().with_soft_timeout(secs(1))).build().unwrap();
        cache.set("stale", Arc::clone(&value)).await;
        cache.expire("stale").await;
        for key in ["stale", "new"] {
            let given = Arc::clone(&value);
            let loader = move |_| async move {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                Ok::<_, Broken>(given)
            };
            let mut call = Box::pin(cache.get_or_load(key, loader));
            for _ in 0..polls {
                if poll_once(call.as_mut()).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        settle().await;
        settle().await;
        assert_eq!(cache.stats().in_flight, 0, "after {polls} polls");
        cache.clear().await;
        drop(cache);
        settle().await;
        tokio::time::sleep(secs(60)).await;
        assert!(is_released(&value).await, "after {polls} polls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cache_without_handles_is_gone_once_its_loads_have_ended() {
    let value = Arc::new(1);
    let cache: Cache<String, Arc<i32>> = describe(minute()).build().unwrap();
    let given = Arc::clone(&value);
    let loader = move |_| async move {
        tokio::time::sleep(secs(5)).await;
        Ok::<_, Broken>(given)
    };
    {
        let mut call = pin!(cache.get_or_load("a", loader));
        assert!(poll_once(call.as_mut()).is_pending());
    }
    drop(cache);
    tokio::time::sleep(secs(4)).await;
    assert_eq!(Arc::strong_count(&value), 2);
    tokio::time::sleep(secs(60)).await;
    assert!(is_released(&value).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_at_once_see_no_value_older_than_their_own_invalidation() {
    let cache: Cache<u32, u64> = Caches::in_memory().cache("numbers").build().unwrap();
    let source: Arc<BTreeMap<u32, std::sync::atomic::AtomicU64>> =
        Arc::new((0..8).map(|key| (key, std::sync::atomic::AtomicU64::new(0))).collect());
    let workers: Vec<_> = (0..8_u32)
        .map(|worker| {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            tokio::spawn(async move {
                use std::sync::atomic::Ordering::SeqCst;
                for round in 0..500_u32 {
                    let key = (worker + round) % 8;
                    let known = if round % 5 == worker % 5 {
                        let new = source[&key].fetch_add(1, SeqCst) + 1;
                        match round % 4 {
                            0 => cache.remove(&key).await,
                            1 => cache.remove_tag(&format!("tag{key}")).await,
                            2 => cache.clear().await,
                            _ => cache.expire(&key).await,
                        };
                        new
                    } else {
                        0
                    };
                    let reads = Arc::clone(&source);
                    let loader = move |_| async move {
                        let read = reads[&key].load(SeqCst);
                        tokio::task::yield_now().await;
                        Ok::<_, Broken>(Item::new(read).with_tag(format!("tag{key}")))
                    };
                    let answer = cache.get_or_load(&key, loader).await.unwrap();
                    assert!(*answer >= known, "{answer:?} after {known}");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let stats = cache.stats();
    assert_eq!((stats.requests(), stats.in_flight), (8 * 500, 0));
}
