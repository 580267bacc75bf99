//! What every store promises: the same suite over the one in memory, whose clock is moved, and the
//! one in Redis, which is waited for as long as it says.

use std::time::Duration;

use bartizan_probe::Redis;
use bartizan_ratelimit_tiers::{
    Algorithm, Ask, ClassId, Limit, Manage, MemoryStore, Mode, Override, Part, Penalty, Quota,
    RedisStore, Store, TierChange,
};

use crate::support::{CLASS, Stopped, ask, decide, limit, store, subject};

/// A store with a time that goes on.
trait World {
    type Store: Store + Manage;

    fn new() -> impl Future<Output = Self>;

    fn store(&self) -> &Self::Store;

    /// Lets time go on by so much, or a little more.
    fn wait(&self, time: Duration) -> impl Future<Output = ()>;
}

struct InMemory(MemoryStore<Stopped>, Stopped);

impl World for InMemory {
    type Store = MemoryStore<Stopped>;

    async fn new() -> Self {
        let time = Stopped::new();
        let store = MemoryStore::with_capacity_and_clock(1 << 20, time.clone()).unwrap();
        Self(store, time)
    }

    fn store(&self) -> &Self::Store {
        &self.0
    }

    async fn wait(&self, time: Duration) {
        self.1.advance(time);
    }
}

struct InRedis(RedisStore, #[expect(dead_code, reason = "ends with the test")] Redis);

impl World for InRedis {
    type Store = RedisStore;

    async fn new() -> Self {
        let (redis, _, store) = store().await;
        Self(store, redis)
    }

    fn store(&self) -> &RedisStore {
        &self.0
    }

    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

macro_rules! promises {
    ($($promise:ident)+) => {
        mod in_memory {
            $(#[tokio::test] async fn $promise() {
                super::$promise(&<super::InMemory as super::World>::new().await).await;
            })+
        }

        mod in_redis {
            $(#[tokio::test] async fn $promise() {
                super::$promise(&<super::InRedis as super::World>::new().await).await;
            })+
        }
    };
}

promises! {
    admits_the_limit_and_again_when_it_said
    decides_all_limits_together
    tells_and_does_not_enforce_in_shadow
    looks_without_consuming
    counts_a_large_cost_as_the_burst
    gives_back_what_was_taken
    forgets_one_class_or_all
    refuses_while_blocked
    blocks_twice_as_long_each_time
    applies_a_subjects_own_quota
    carries_consumption_to_another_quota
    decides_several_subjects_together
}

/// Long enough for a slow machine to spend a quota in, for tests that wait for nothing.
const HOUR: Duration = Duration::from_secs(3_600);

const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Gcra, Algorithm::Strict, Algorithm::FixedWindow, Algorithm::SlidingWindow];

fn per_hour(limit: u32) -> Quota {
    Quota::new(limit, HOUR).unwrap()
}

const OTHER: ClassId = ClassId::of("other");

async fn admits_the_limit_and_again_when_it_said<W: World>(world: &W) {
    let store = world.store();
    for algorithm in ALGORITHMS {
        let caller = subject(store, algorithm.as_str());
        let quota = Quota::new(3, Duration::from_secs(1)).unwrap().counted_by(algorithm);
        // Windows begin at whole seconds: a fixed one may end while it is spent.
        let mut admitted = 0;
        let refused = loop {
            let verdict = ask(store, caller, &[limit(quota)]).await;
            if !verdict.is_admitted() {
                break verdict;
            }
            admitted += 1;
            assert!(admitted <= 6, "{algorithm:?}");
        };
        assert!(admitted >= 3, "{algorithm:?}: {admitted}");
        let outcome = refused.outcomes()[0];
        assert_eq!(outcome.remaining(), 0);
        assert!(outcome.retry_after() <= Duration::from_secs(2), "{outcome:?}");
        assert!(outcome.retry_after() <= outcome.reset_after());
        world.wait(outcome.retry_after()).await;
        assert!(ask(store, caller, &[limit(quota)]).await.is_admitted(), "{algorithm:?}");
    }
}

async fn decides_all_limits_together<W: World>(world: &W) {
    let store = world.store();
    let caller = subject(store, "all or nothing");
    let small = Limit::new(OTHER, per_hour(2));
    let limits = [limit(per_hour(10)), small];
    for left in [9, 8] {
        let verdict = ask(store, caller, &limits).await;
        assert!(verdict.is_admitted());
        assert_eq!(verdict.outcomes()[0].remaining(), left);
    }
    let refused = ask(store, caller, &limits).await;
    assert!(!refused.is_admitted());
    assert!(refused.outcomes()[0].is_admitted() && !refused.outcomes()[1].is_admitted());
    let alone = ask(store, caller, &limits[..1]).await;
    assert_eq!(alone.outcomes()[0].remaining(), 7);
}

async fn tells_and_does_not_enforce_in_shadow<W: World>(world: &W) {
    let store = world.store();
    let caller = subject(store, "shadow");
    let limits = [limit(per_hour(9)), Limit::new(OTHER, per_hour(1)).with_mode(Mode::Shadow)];
    for (left, shadow) in [(8, true), (7, false), (6, false)] {
        let verdict = ask(store, caller, &limits).await;
        assert!(verdict.is_admitted());
        assert_eq!(verdict.outcomes()[0].remaining(), left);
        assert_eq!(verdict.outcomes()[1].is_admitted(), shadow);
        assert_eq!(verdict.outcomes()[1].remaining(), 0);
    }
}

async fn looks_without_consuming<W: World>(world: &W) {
    let store = world.store();
    let caller = subject(store, "peek");
    for algorithm in ALGORITHMS {
        let limits =
            [Limit::new(ClassId::of(algorithm.as_str()), per_hour(5).counted_by(algorithm))];
        let parts = [Part { subject: caller, limits: &limits }];
        ask(store, caller, &limits).await;
        for _ in 0..3 {
            let verdict = store.peek(&Ask::new(&parts)).await.unwrap();
            assert_eq!(verdict.outcomes()[0].remaining(), 3);
        }
        let free = ask(store, caller, &limits.map(|limit| limit.with_cost(0))).await;
        assert_eq!(free.outcomes()[0].remaining(), 4);
    }
}

async fn counts_a_large_cost_as_the_burst<W: World>(world: &W) {
    let store = world.store();
    for algorithm in ALGORITHMS {
        let caller = subject(store, algorithm.as_str());
        let limits = [limit(per_hour(7).counted_by(algorithm)).with_cost(u32::MAX)];
        assert!(ask(store, caller, &limits).await.is_admitted());
        assert!(!ask(store, caller, &limits).await.is_admitted());
    }
}

async fn gives_back_what_was_taken<W: World>(world: &W) {
    let store = world.store();
    for algorithm in ALGORITHMS {
        let caller = subject(store, algorithm.as_str());
        let limits = [limit(per_hour(3).counted_by(algorithm)).with_cost(2)];
        let parts = [Part { subject: caller, limits: &limits }];
        let taken = ask(store, caller, &limits).await;
        assert!(!ask(store, caller, &limits).await.is_admitted());
        store.refund(&Ask::new(&parts), taken.now()).await.unwrap();
        assert!(ask(store, caller, &limits).await.is_admitted(), "{algorithm:?}");
    }
}

async fn forgets_one_class_or_all<W: World>(world: &W) {
    let store = world.store();
    let caller = subject(store, "reset");
    let limits = [limit(per_hour(1).strict()), Limit::new(OTHER, per_hour(1))];
    let far = ask(store, caller, &limits).await.now().saturating_add(HOUR);
    store.block_until(caller, None, far).await.unwrap();
    store.reset(caller, Some(OTHER)).await.unwrap();
    assert!(!ask(store, caller, &limits[1..]).await.is_admitted());
    store.reset(caller, None).await.unwrap();
    assert!(ask(store, caller, &limits).await.is_admitted());
    store.reset(caller, Some(OTHER)).await.unwrap();
    assert!(ask(store, caller, &limits[1..]).await.is_admitted());
    assert!(!ask(store, caller, &limits[..1]).await.is_admitted());
}

async fn refuses_while_blocked<W: World>(world: &W) {
    let store = world.store();
    let caller = subject(store, "blocked");
    let limits = [limit(per_hour(9)), Limit::new(OTHER, per_hour(9))];
    let now = ask(store, caller, &limits).await.now();
    store.block_until(caller, Some(OTHER), now.saturating_add(HOUR)).await.unwrap();
    assert!(ask(store, caller, &limits[..1]).await.is_admitted());
    let wait = ask(store, caller, &limits).await.outcomes()[1].retry_after();
    assert!(wait <= HOUR && wait + Duration::from_secs(60) > HOUR, "{wait:?}");
    store.block_until(caller, Some(OTHER), now).await.unwrap();
    assert!(ask(store, caller, &limits).await.is_admitted());
    let soon = Duration::from_millis(200);
    let now = ask(store, caller, &limits).await.now();
    store.block_until(caller, None, now.saturating_add(soon)).await.unwrap();
    let wait = ask(store, caller, &limits[..1]).await.outcomes()[0].retry_after();
    assert!(wait <= soon, "{wait:?}");
    world.wait(soon).await;
    assert!(ask(store, caller, &limits).await.is_admitted());
}

async fn blocks_twice_as_long_each_time<W: World>(world: &W) {
    let store = world.store();
    let caller = subject(store, "penalty");
    let first = Duration::from_millis(100);
    let penalty = Penalty::doubling(first, first * 3, HOUR);
    for (strikes, block) in [(1, first), (2, first * 2), (3, first * 3)] {
        let before = ask(store, caller, &[Limit::new(OTHER, per_hour(9))]).await.now();
        let stands = store.penalty(caller, CLASS, &penalty).await.unwrap();
        assert_eq!(stands.strikes, strikes);
        let lasts = stands.until.saturating_since(before);
        assert!(lasts >= block && lasts < block + Duration::from_millis(90), "{lasts:?}");
        assert_eq!(store.penalty(caller, CLASS, &penalty).await.unwrap(), stands);
        world.wait(lasts).await;
        assert!(ask(store, caller, &[limit(per_hour(9))]).await.is_admitted());
    }
}

async fn applies_a_subjects_own_quota<W: World>(world: &W) {
    let store = world.store();
    let caller = subject(store, "own");
    let limits = [limit(per_hour(2))];
    let now = ask(store, caller, &limits).await.now();
    let own = per_hour(100).counted_by(Algorithm::SlidingWindow);
    let soon = Duration::from_millis(300);
    let until = Some(now.saturating_add(soon));
    store.set_override(caller, CLASS, Some(Override { quota: own, until })).await.unwrap();
    let verdict = ask(store, caller, &limits).await;
    assert_eq!(verdict.outcomes()[0].quota(), &own);
    assert_eq!(verdict.outcomes()[0].remaining(), 98);
    world.wait(soon).await;
    let verdict = ask(store, caller, &limits).await;
    assert_eq!(verdict.outcomes()[0].quota(), limits[0].quota());
    assert!(!verdict.is_admitted());
    store.set_override(caller, CLASS, Some(Override { quota: own, until: None })).await.unwrap();
    assert!(ask(store, caller, &limits).await.is_admitted());
    store.set_override(caller, CLASS, None).await.unwrap();
    assert!(!ask(store, caller, &limits).await.is_admitted());
}

async fn carries_consumption_to_another_quota<W: World>(world: &W) {
    let store = world.store();
    for from in ALGORITHMS {
        for to in ALGORITHMS {
            let changes =
                [(TierChange::Keep, 95), (TierChange::Reset, 99), (TierChange::Proportional, 59)];
            for (change, left) in changes {
                let caller = subject(store, &format!("{from:?} {to:?} {change:?}"));
                let small = limit(per_hour(10).counted_by(from)).with_cost(4);
                assert!(ask(store, caller, &[small]).await.is_admitted());
                let large = limit(per_hour(100).counted_by(to)).with_change(change);
                let verdict = ask(store, caller, &[large]).await;
                assert_eq!(verdict.outcomes()[0].remaining(), left, "{from:?} {to:?} {change:?}");
            }
        }
    }
}

async fn decides_several_subjects_together<W: World>(world: &W) {
    let store = world.store();
    for algorithm in ALGORITHMS {
        let account = subject(store, &format!("account {algorithm:?}"));
        let address = subject(store, &format!("address {algorithm:?}"));
        let shadow = Limit::new(OTHER, per_hour(1)).with_mode(Mode::Shadow);
        let wide = [limit(per_hour(9).counted_by(algorithm)), shadow];
        let narrow = [limit(per_hour(2).counted_by(algorithm))];
        let parts =
            [Part { subject: account, limits: &wide }, Part { subject: address, limits: &narrow }];
        for (left, admitted) in [(8, true), (7, true), (6, false), (6, false)] {
            let verdict = decide(store, &Ask::new(&parts)).await.unwrap();
            assert_eq!(verdict.is_admitted(), admitted);
            assert_eq!(verdict.outcomes().len(), 3);
            assert_eq!(verdict.outcomes()[0].remaining(), left, "{algorithm:?}");
        }
        let verdict = ask(store, account, &wide).await;
        assert_eq!(verdict.outcomes()[0].remaining(), 6, "{algorithm:?}");
    }
}
