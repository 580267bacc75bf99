use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bartizan_cache::{Cache, Cached, Caches, Item, Json, Options, Reach, RedisStore};
use bartizan_redis_link::{Config, Link};

use super::source::{Source, Told};

/// A process, as far as caches know: a link, a store and caches of its own.
#[derive(Debug)]
pub(super) struct Instance {
    number: u32,
    /// Changes of its source are told by an invalidation.
    told: Cache<u32, Value>,
    told_source: Arc<Source>,
    /// Changes of its source are told by nobody.
    aged: Cache<u32, Value>,
    aged_source: Arc<Source>,
    /// The version of each key up to which this instance has invalidated it.
    floors: Vec<AtomicU64>,
    pub(super) caches: Caches,
}

/// A key and its version.
type Value = (u32, u64);

/// What an instance changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Set,
    Remove,
    Expire,
    RemoveTag,
    Clear,
}

impl Change {
    pub(super) const ALL: [Self; 5] =
        [Self::Set, Self::Remove, Self::Expire, Self::RemoveTag, Self::Clear];

    /// How often it asks the store.
    const fn calls(self) -> u32 {
        match self {
            // A generation, the entry, the message.
            Self::Remove => 3,
            // Before that, the marks of its tags or what is there.
            Self::Set | Self::Expire => 4,
            Self::RemoveTag | Self::Clear => 1,
        }
    }
}

/// The store's timeout, if nothing else is said.
const STORE_TIMEOUT: Duration = Duration::from_millis(500);

/// What a machine with other things to do adds to any time.
const BUSY: Duration = Duration::from_secs(1);

/// Nothing is served for longer in the cache that nobody tells.
const TTL: Duration = Duration::from_secs(1);

/// What the source of an instance says when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Broken;

const TAGS: u32 = 3;

fn tag_of(key: u32) -> String {
    format!("tag {}", key % TAGS)
}

fn item(value: Value) -> Item<Value> {
    Item::new(value).with_tag(tag_of(value.0))
}

fn is_within(calls: u32, begin: Instant, what: &str) {
    let took = begin.elapsed();
    assert!(took <= STORE_TIMEOUT * calls + BUSY, "{what} took {took:?}");
}

impl Instance {
    pub(super) fn new(
        number: u32,
        url: &str,
        told_source: &Arc<Source>,
        aged_source: &Arc<Source>,
    ) -> Self {
        let link = Link::connect(&Config::from_url(url).unwrap());
        let caches = Caches::builder().with_store(RedisStore::new(link)).build();
        let hour = Options::new(Duration::from_secs(3_600));
        let told = caches.cache("told").with_options(hour).build_tiered(Json).unwrap();
        let aged = caches.cache("aged").with_options(Options::new(TTL)).build_tiered(Json).unwrap();
        let floors = told_source.keys().map(|_| AtomicU64::new(0)).collect();
        let (told_source, aged_source) = (Arc::clone(told_source), Arc::clone(aged_source));
        Self { number, told, told_source, aged, aged_source, floors, caches }
    }

    /// Changes something at the source and says so.
    pub(super) async fn change(&self, change: Change, key: u32) -> Reach {
        let source = &self.told_source;
        let (_all, _some, _one);
        let changed: Vec<u32>;
        match change {
            Change::Set | Change::Remove | Change::Expire => {
                _some = source.all.read().await;
                _one = source.one[key as usize].lock().await;
                changed = vec![key];
                source.change(key);
            }
            Change::RemoveTag | Change::Clear => {
                _all = source.all.write().await;
                let concerned =
                    |other: &u32| change == Change::Clear || *other % TAGS == key % TAGS;
                changed = source.keys().filter(concerned).collect();
                for key in &changed {
                    source.change(*key);
                }
            }
        }
        let begin = Instant::now();
        let reach = match change {
            Change::Set => self.told.set(&key, item((key, source.version(key)))).await,
            Change::Remove => self.told.remove(&key).await,
            Change::Expire => self.told.expire(&key).await,
            Change::RemoveTag => self.told.remove_tag(&tag_of(key)).await,
            Change::Clear => self.told.clear().await,
        };
        is_within(change.calls(), begin, &format!("{change:?}"));
        assert_ne!(reach, Reach::Local);
        self.all_is_new(changed.iter().copied());
        let versions = changed.into_iter().map(|key| (key, source.version(key))).collect();
        let (instance, end) = (self.number, Instant::now());
        source.tell(Told { instance, change, versions, begin, end, reach });
        reach
    }

    /// From now on it must not serve what was there before.
    pub(super) fn all_is_new(&self, keys: impl IntoIterator<Item = u32>) {
        for key in keys {
            self.floors[key as usize].fetch_max(self.told_source.version(key), Ordering::AcqRel);
        }
    }

    /// A key of those whose values this instance sets: of two that are set at once while the store
    /// is away, nobody knows which is the later.
    pub(super) fn own(&self, random: u32) -> u32 {
        let keys = u32::try_from(self.floors.len()).unwrap();
        random % (keys / 2) * 2 + self.number
    }

    /// Reads in one of the ways there are.
    pub(super) async fn read(&self, way: u32, key: u32) {
        match way % 6 {
            0 => {
                let (floor, begin) = (self.floor(key), Instant::now());
                let found = self.told.get(&key).await;
                is_within(2, begin, "get");
                self.check(key, floor, found.as_ref());
            }
            1 => {
                let (floor, begin) = (self.floor(key), Instant::now());
                let found = self.load(key).await;
                // One who came in time for another's load, and has to wait for the next.
                is_within(4, begin, "get_or_load");
                self.check(key, floor, Some(&found));
            }
            2 => {
                let keys: Vec<u32> = self.told_source.keys().collect();
                let floors: Vec<u64> = keys.iter().map(|key| self.floor(*key)).collect();
                let begin = Instant::now();
                let found = self.told.get_many(&keys).await;
                // The entries, and the marks of the tags of each.
                is_within(1 + TAGS, begin, "get_many");
                for ((key, floor), found) in keys.iter().zip(floors).zip(&found) {
                    self.check(*key, floor, found.as_ref());
                }
            }
            3 => {
                let begin = Instant::now();
                let found = self.aged.get(&key).await;
                is_within(2, begin, "get");
                self.check_age(key, begin, found.as_ref());
            }
            4 => {
                let begin = Instant::now();
                let source = Arc::clone(&self.aged_source);
                let load = move |_| async move { Ok::<_, Broken>((key, source.version(key))) };
                let found = self.aged.get_or_load(&key, load).await;
                is_within(4, begin, "get_or_load");
                // Another's loader may be the broken one.
                match found {
                    Ok(found) => self.check_age(key, begin, Some(&found)),
                    Err(error) => assert_eq!(error.loader(), Some(&Broken), "{error}"),
                }
            }
            _ => {
                let begin = Instant::now();
                let load = |_| async { Err::<Value, _>(Broken) };
                let found = self.aged.get_or_load(&key, load).await;
                is_within(4, begin, "get_or_load");
                match found {
                    Ok(found) => self.check_age(key, begin, Some(&found)),
                    Err(error) => assert_eq!(error.loader(), Some(&Broken), "{error}"),
                }
            }
        }
    }

    /// Whether every way to read finds what the source says, or nothing.
    pub(super) async fn agrees(&self) -> bool {
        let keys: Vec<u32> = self.told_source.keys().collect();
        let current: Vec<_> =
            keys.iter().map(|key| (*key, self.told_source.version(*key))).collect();
        let many = self.told.get_many(&keys).await;
        let right = |(found, is): (Option<&Cached<Value>>, &Value)| {
            found.is_none_or(|found| found.value() == is)
        };
        if !many.iter().map(Option::as_ref).zip(&current).all(right) {
            return false;
        }
        for is in &current {
            if !right((self.told.get(&is.0).await.as_ref(), is))
                || self.load(is.0).await.value() != is
            {
                return false;
            }
        }
        true
    }

    async fn load(&self, key: u32) -> Cached<Value> {
        let source = Arc::clone(&self.told_source);
        let load = move |_| async move { Ok::<_, Broken>(item((key, source.version(key)))) };
        self.told.get_or_load(&key, load).await.expect("the loader did not fail")
    }

    fn floor(&self, key: u32) -> u64 {
        self.floors[key as usize].load(Ordering::Acquire)
    }

    fn check(&self, key: u32, floor: u64, found: Option<&Cached<Value>>) {
        let Some(found) = found else { return };
        let (of, version) = *found.value();
        assert_eq!(of, key, "what is another key's");
        assert!(
            version >= floor,
            "instance {} served version {version} of key {key} after it had invalidated all before {floor}, at {:?} {found:?}\n{}",
            self.number,
            Instant::now(),
            self.told_source.last(key),
        );
    }

    fn check_age(&self, key: u32, begin: Instant, found: Option<&Cached<Value>>) {
        let Some(found) = found else { return };
        let (of, version) = *found.value();
        assert_eq!(of, key, "what is another key's");
        if let Some(replaced) = self.aged_source.replaced(key, version) {
            let outdated = begin.saturating_duration_since(replaced);
            assert!(outdated <= TTL + BUSY, "outdated for {outdated:?}");
        }
    }
}
