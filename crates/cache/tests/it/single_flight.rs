//! One loader for all who ask for a key at the same time, whatever becomes of who asked first.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bartizan_cache::{Cache, Caches, Item, LoadError, NotStored};
use tokio::sync::{Notify, oneshot};

use crate::support::{
    Answer, Broken, Event, Loaders, Numbers, hit, loaded, millis, minute, numbers, observed, pass,
    poll_once, safe, secs, settle, told,
};

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_run_one_loader() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let callers: Vec<_> = (0..10_000)
        .map(|number| {
            let (cache, loader) = (cache.clone(), loaders.gives_after(secs(1), number));
            tokio::spawn(async move { cache.get_or_load("a", loader).await })
        })
        .collect();
    pass(millis(1)).await;
    let under_way = cache.stats();
    assert_eq!((under_way.in_flight, under_way.coalesced), (1, 9_999));
    for caller in callers {
        assert_eq!(told(&caller.await.unwrap().unwrap()), loaded(0));
    }
    assert_eq!((loaders.begun(), loaders.ended()), (1, 1));
    let stats = cache.stats();
    assert_eq!((stats.misses, stats.coalesced, stats.loads), (10_000, 9_999, 1));
    assert_eq!((stats.requests(), stats.in_flight), (10_000, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_callers_on_several_threads_run_one_loader() {
    let cache: Numbers = Caches::in_memory().cache("numbers").build().unwrap();
    let (begun, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let callers: Vec<_> = (0..10_000_u32)
        .map(|number| {
            let (cache, begun, gate) = (cache.clone(), Arc::clone(&begun), Arc::clone(&gate));
            tokio::spawn(async move {
                let loader = move |_| async move {
                    begun.fetch_add(1, Ordering::SeqCst);
                    gate.notified().await;
                    Ok::<_, Broken>(number)
                };
                *cache.get_or_load("a", loader).await.unwrap()
            })
        })
        .collect();
    while cache.stats().coalesced < 9_999 {
        tokio::task::yield_now().await;
    }
    gate.notify_one();
    let mut values = Vec::new();
    for caller in callers {
        values.push(caller.await.unwrap());
    }
    assert!(values.iter().all(|value| *value == values[0]));
    assert_eq!(begun.load(Ordering::SeqCst), 1);
    assert_eq!(cache.stats().requests(), 10_000);
}

#[tokio::test(start_paused = true)]
async fn callers_of_different_keys_do_not_wait_for_one_another() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let slow = cache.get_or_load("slow", loaders.gives_after(secs(9), 1));
    let fast = async {
        let answer = cache.get_or_load("fast", loaders.gives_after(secs(1), 2)).await.unwrap();
        assert_eq!(*answer, 2);
        cache.stats().in_flight
    };
    let (slow, in_flight) = tokio::join!(slow, fast);
    assert_eq!((*slow.unwrap(), in_flight, loaders.begun()), (1, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_loader_goes_on_when_who_asked_first_is_dropped() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let mut first = Box::pin(cache.get_or_load("a", loaders.gives_after(secs(1), 1)));
    assert!(poll_once(first.as_mut()).is_pending());
    drop(first);
    assert_eq!(cache.stats().in_flight, 1);
    let second = cache.get_or_load("a", loaders.gives(2)).await.unwrap();
    assert_eq!(told(&second), loaded(1));
    assert_eq!((loaders.begun(), cache.stats().in_flight), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_caller_who_is_never_polled_again() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let mut first = pin!(cache.get_or_load("a", loaders.gives_after(secs(1), 1)));
    assert!(poll_once(first.as_mut()).is_pending());
    let second = cache.get_or_load("a", loaders.gives(2)).await.unwrap();
    assert_eq!(told(&second), loaded(1));
    pass(secs(3_600)).await;
    let Poll::Ready(Ok(late)) = poll_once(first.as_mut()) else { panic!("still waits") };
    assert_eq!(told(&late), loaded(1));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_was_never_polled_has_asked_for_nothing() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    drop(cache.get_or_load("a", loaders.gives(1)));
    settle().await;
    assert_eq!((loaders.begun(), cache.stats().requests()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn callers_who_go_away_leave_nothing_in_flight() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (cache, loader) = (cache.clone(), loaders.gives_after(secs(1), 1));
            tokio::spawn(async move { cache.get_or_load("a", loader).await })
        })
        .collect();
    settle().await;
    for caller in &callers {
        caller.abort();
    }
    settle().await;
    assert_eq!(cache.stats().in_flight, 1, "the loader goes on");
    pass(secs(1)).await;
    assert_eq!((cache.stats().in_flight, loaders.ended()), (0, 1));
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(1));
}

async fn together(
    cache: &Numbers,
    loaders: Vec<impl FnOnce(bartizan_cache::Load<u32>) -> Loading + Send + 'static>,
) -> Vec<Answer> {
    let mut callers = Vec::new();
    for loader in loaders {
        let cache = cache.clone();
        callers.push(tokio::spawn(async move { cache.get_or_load("a", loader).await }));
    }
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await.unwrap());
    }
    answers
}

type Loading = std::pin::Pin<Box<dyn Future<Output = Result<Item<u32>, Broken>> + Send>>;

#[tokio::test(start_paused = true)]
async fn a_loader_that_panics_is_known_to_all_who_wait_and_the_next_call_loads_anew() {
    for after in [secs(0), secs(1)] {
        let cache = numbers(minute());
        let loaders = Loaders::default();
        let answers =
            together(&cache, (0..10).map(|_| loaders.panics_after(after)).collect()).await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(LoadError::Panicked))));
        assert_eq!((loaders.begun(), loaders.ended(), cache.stats().in_flight), (1, 1, 0));
        let answer = cache.get_or_load("a", loaders.gives(2)).await.unwrap();
        assert_eq!(told(&answer), loaded(2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_panics_before_it_gives_a_future_is_no_different() {
    let cache = numbers(minute());
    let loader = |_| -> std::future::Ready<Result<u32, Broken>> {
        std::panic::resume_unwind(Box::new("on purpose"))
    };
    let answer = cache.get_or_load("a", loader).await;
    assert!(matches!(answer, Err(LoadError::Panicked)));
    assert_eq!((cache.stats().in_flight, cache.stats().load_failures), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_payload_of_a_panic_may_panic() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                std::panic::resume_unwind(Box::new(()));
            }
        }
    }
    let cache = numbers(minute());
    let loader = async |_| -> Result<u32, Broken> { std::panic::resume_unwind(Box::new(Bomb)) };
    let answer = cache.get_or_load("a", loader).await;
    assert!(matches!(answer, Err(LoadError::Panicked)));
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_share_the_error() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let answers = together(&cache, (0..10).map(|_| loaders.fails_after(secs(1))).collect()).await;
    let errors: Vec<_> = answers
        .into_iter()
        .map(|answer| match answer.unwrap_err() {
            LoadError::Failed(error) => error,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(errors.iter().all(|error| Arc::ptr_eq(error, &errors[0])));
    assert_eq!(*errors[0], Broken);
    assert_eq!(loaders.begun(), 1);
    cache.get_or_load("a", loaders.fails()).await.unwrap_err();
    assert_eq!(loaders.begun(), 2, "an error is not remembered");
}

#[derive(Debug, PartialEq, Eq)]
struct Other;

#[tokio::test(start_paused = true)]
async fn a_caller_with_errors_of_another_type_loads_itself_if_the_first_has_failed() {
    let (cache, seen) = observed(minute());
    let loaders = Loaders::default();
    let first = cache.get_or_load("a", loaders.fails_after(secs(1)));
    let second = cache.get_or_load("a", async |_| {
        tokio::time::sleep(secs(1)).await;
        Err::<u32, _>(Other)
    });
    let third = cache.get_or_load("a", async |_| Ok::<_, std::fmt::Error>(3));
    let (first, second, third) = tokio::join!(first, second, third);
    assert_eq!(first.unwrap_err().loader(), Some(&Broken));
    // Whoever of the two is woken first leads the next; the other may join it.
    if let Err(error) = second {
        assert_eq!(error.loader(), Some(&Other));
    }
    assert_eq!(told(&third.unwrap()).0, 3);
    let stats = cache.stats();
    assert_eq!((stats.requests(), stats.coalesced), (3, 2), "each is counted once");
    let looked = seen.take().into_iter().filter(|event| matches!(event, Event::Looked(_)));
    assert_eq!(looked.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_with_errors_of_another_type_shares_the_value() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let second = AtomicUsize::new(0);
    let second = Arc::new(second);
    let count = Arc::clone(&second);
    let (one, other) = tokio::join!(
        cache.get_or_load("a", loaders.gives_after(secs(1), 1)),
        cache.get_or_load("a", move |_| async move {
            count.fetch_add(1, Ordering::SeqCst);
            Err::<u32, _>(Other)
        }),
    );
    assert_eq!((told(&one.unwrap()), told(&other.unwrap())), (loaded(1), loaded(1)));
    assert_eq!(second.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_may_not_read_the_memory_is_not_given_what_another_found_there() {
    let eager = minute().with_eager_refresh(0.5).unwrap();
    let cache = numbers(eager);
    let loaders = Loaders::default();
    // A load that is under way when a value is set, and fails when it is told to.
    let (fail, failing) = oneshot::channel::<()>();
    let loader = async move |_| {
        failing.await.unwrap();
        Err::<u32, _>(Broken)
    };
    assert!(poll_once(pin!(cache.get_or_load("a", loader))).is_pending());
    settle().await;
    cache.set("a", 1).await;
    pass(secs(30)).await;
    // It fails before the refresh has begun that this hit asks for, and holds it back.
    fail.send(()).unwrap();
    let Poll::Ready(Ok(due)) = poll_once(pin!(cache.get_or_load("a", loaders.gives(2)))) else {
        panic!("a hit waits for nothing")
    };
    assert_eq!(told(&due), hit(1));
    let write = minute().with_memory(bartizan_cache::Access::Write);
    let refresh = cache.get_or_load_with("a", &write, loaders.gives(3)).await.unwrap();
    assert_eq!(told(&refresh), loaded(3));
    assert_eq!((loaders.begun(), cache.stats().coalesced), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn patience_does_not_begin_anew_with_another_load() {
    let cache = numbers(minute().with_hard_timeout(secs(10)));
    let loaders = Loaders::default();
    let begun = tokio::time::Instant::now();
    let first = cache.get_or_load("a", loaders.fails_after(secs(8)));
    let second = cache.get_or_load("a", async |_| {
        tokio::time::sleep(secs(8)).await;
        Err::<u32, _>(Other)
    });
    let (_, second) = tokio::join!(first, second);
    assert!(matches!(second, Err(LoadError::TimedOut)), "{second:?}");
    assert_eq!(begun.elapsed(), secs(10));
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Remove,
    Expire,
    RemoveTag,
    ExpireTag,
    Clear,
    ExpireAll,
    Set,
}

impl Act {
    async fn on(self, cache: &Numbers) {
        match self {
            Self::Remove => cache.remove("a").await,
            Self::Expire => cache.expire("a").await,
            Self::RemoveTag => cache.remove_tag("t").await,
            Self::ExpireTag => cache.expire_tag("t").await,
            Self::Clear => cache.clear().await,
            Self::ExpireAll => cache.expire_all().await,
            Self::Set => cache.set("a", 9).await,
        };
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_while_it_is_loaded_is_given_to_those_who_came_before_and_to_no_other()
{
    use Act::{Clear, Expire, ExpireAll, ExpireTag, Remove, RemoveTag};
    for act in [Remove, Expire, RemoveTag, ExpireTag, Clear, ExpireAll] {
        let (cache, seen) = observed(minute());
        let loaders = Loaders::default();
        let tagged = |after, value| loaders.run(after, move |_| Ok(Item::new(value).with_tag("t")));
        let before = cache.get_or_load("a", tagged(secs(2), 1));
        let after = async {
            pass(secs(1)).await;
            act.on(&cache).await;
            cache.get_or_load("a", tagged(secs(3), 2)).await
        };
        let joined = async {
            pass(secs(1) / 2).await;
            cache.get_or_load("a", tagged(secs(9), 3)).await
        };
        let kept = async {
            pass(secs(2) + secs(1) / 2).await;
            cache.get("a").await
        };
        let (before, after, joined, kept) = tokio::join!(before, after, joined, kept);
        assert_eq!(told(&before.unwrap()), loaded(1), "{act:?}");
        assert_eq!(told(&joined.unwrap()), loaded(1), "{act:?}");
        assert!(kept.is_none(), "{act:?} {kept:?}");
        assert_eq!(told(&after.unwrap()), loaded(2), "{act:?}");
        assert_eq!(told(&cache.get("a").await.unwrap()), hit(2), "{act:?}");
        assert_eq!((loaders.begun(), cache.stats().in_flight), (2, 0), "{act:?}");
        assert_eq!(cache.stats().requests(), 5, "{act:?}");
        if act != ExpireTag && act != ExpireAll {
            let not_kept = Event::NotKept(NotStored::Invalidated);
            assert_eq!(seen.take().iter().filter(|event| **event == not_kept).count(), 1);
            assert_eq!(cache.stats().not_stored, 1, "{act:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_is_invalidated_again_hides_no_earlier_invalidation() {
    for (first, second) in [(Act::RemoveTag, Act::RemoveTag), (Act::ExpireTag, Act::RemoveTag)] {
        let cache = numbers(minute());
        let loaders = Loaders::default();
        let tagged = |after, value| loaders.run(after, move |_| Ok(Item::new(value).with_tag("t")));
        let before = cache.get_or_load("a", tagged(secs(3), 1));
        let between = async {
            pass(secs(1)).await;
            first.on(&cache).await;
            cache.get_or_load("a", tagged(secs(5), 2)).await
        };
        let again = async {
            pass(secs(2)).await;
            second.on(&cache).await;
        };
        let (before, between, ()) = tokio::join!(before, between, again);
        assert_eq!(told(&before.unwrap()), loaded(1));
        assert_eq!(told(&between.unwrap()), loaded(2), "it came after the first invalidation");
        let stats = cache.stats();
        assert_eq!((stats.requests(), stats.coalesced, stats.loads), (2, 1, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn tags_that_a_load_turns_out_not_to_carry_do_not_part_those_who_wait() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let other = async {
        pass(secs(1)).await;
        cache.remove_tag("other").await;
        cache.get_or_load("a", loaders.gives(2)).await
    };
    let (one, other) = tokio::join!(cache.get_or_load("a", loaders.gives_after(secs(3), 1)), other);
    assert_eq!((told(&one.unwrap()), told(&other.unwrap())), (loaded(1), loaded(1)));
    assert_eq!(loaders.begun(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_set_while_it_is_loaded_stays() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let setting = async {
        pass(secs(1)).await;
        Act::Set.on(&cache).await;
        *cache.get_or_load("a", loaders.gives(3)).await.unwrap()
    };
    let (load, set) =
        tokio::join!(cache.get_or_load("a", loaders.gives_after(secs(2), 1)), setting);
    assert_eq!((*load.unwrap(), set), (1, 9));
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(9));
}

#[tokio::test(start_paused = true)]
async fn a_loader_may_ask_the_same_cache_for_another_key() {
    let cache = numbers(minute());
    let inner = cache.clone();
    let answer = cache.get_or_load("sum", async move |_| {
        let one = inner.get_or_load("one", async |_| Ok::<_, Broken>(1)).await?;
        let two = inner.get_or_load("two", async |_| Ok::<_, Broken>(2)).await?;
        Ok::<_, LoadError<Broken>>(*one + *two)
    });
    assert_eq!(told(&answer.await.unwrap()), loaded(3));
    assert_eq!(cache.stats().loads, 3);
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_asks_for_its_own_key_ends_by_the_timeout_of_either() {
    for (options, ends) in [
        (minute().with_hard_timeout(secs(2)), secs(2)),
        (minute().with_abandon_after(secs(7)), secs(7)),
    ] {
        let cache = numbers(options);
        let inner = cache.clone();
        let begun = tokio::time::Instant::now();
        let answer = cache.get_or_load("a", async move |_| {
            let own = inner.get_or_load("a", async |_| Ok::<_, Broken>(1)).await;
            own.map(|own| *own).map_err(|_| Broken)
        });
        assert!(answer.await.is_err());
        assert_eq!(begun.elapsed(), ends);
        settle().await;
        assert_eq!(cache.stats().in_flight, 0);
        assert_eq!(*cache.get_or_load("a", async |_| Ok::<_, Broken>(2)).await.unwrap(), 2);
    }
}

#[test]
fn those_who_wait_on_another_runtime_learn_that_the_loaders_was_shut_down() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
    };
    let (home, abroad) = (runtime(), runtime());
    let cache: Numbers = Caches::in_memory().cache("numbers").build().unwrap();
    let (begin, loading) = oneshot::channel();
    let first = cache.clone();
    abroad.spawn(async move {
        let loader = async move |_| {
            begin.send(()).unwrap();
            std::future::pending::<Result<u32, Broken>>().await
        };
        first.get_or_load("a", loader).await
    });
    let follower = cache.clone();
    let waiting = home.spawn(async move {
        loading.await.unwrap();
        follower.get_or_load("a", async |_| Ok::<_, Broken>(2)).await
    });
    while cache.stats().coalesced == 0 {
        std::thread::yield_now();
    }
    abroad.shutdown_background();
    let answer = home.block_on(waiting).unwrap();
    assert!(matches!(answer, Err(LoadError::Abandoned)), "{answer:?}");
    let again = cache.get_or_load("a", async |_| Ok::<_, Broken>(3));
    assert_eq!(*home.block_on(again).unwrap(), 3);
    assert_eq!(cache.stats().in_flight, 0);
}

#[test]
fn without_a_runtime_nothing_is_loaded_and_nobody_waits() {
    let cache: Cache<String, u32> = Caches::in_memory().cache("numbers").build().unwrap();
    let timeouts = safe().with_soft_timeout(secs(1)).with_hard_timeout(secs(2));
    for options in [minute(), timeouts] {
        let mut asks =
            Box::pin(cache.get_or_load_with("a", &options, async |_| Ok::<_, Broken>(1)));
        let Poll::Ready(answer) = poll_once(asks.as_mut()) else { panic!("waits") };
        assert!(matches!(answer, Err(LoadError::Abandoned)), "{answer:?}");
        assert_eq!(cache.stats().in_flight, 0);
    }
    let Poll::Ready(_) = poll_once(pin!(cache.set("a", 1))) else { panic!("waits") };
    let Poll::Ready(Some(found)) = poll_once(pin!(cache.get("a"))) else { panic!("waits") };
    assert_eq!(*found, 1);
}
