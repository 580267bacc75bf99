//! A store and a backplane of a user's own: the required methods and no more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bartizan_cache::test_util::TokioClock;
use bartizan_cache::{
    About, Backplane, Caches, Clock, Generation, Json, Listen, Mark, Marks, Message, Opened,
    Options, Record, Signal, Store, StoreError, StoreTime, Written,
};
use tokio::sync::broadcast;

use super::support::{HOUR, SECOND, Users, at, load, load_tagged, settle};

#[derive(Debug)]
pub(crate) struct Shelf {
    shared: Arc<Shared>,
    instance: u64,
}

#[derive(Debug)]
struct Shared {
    clock: TokioClock,
    data: Mutex<Data>,
    messages: broadcast::Sender<Message>,
    instances: AtomicU64,
}

/// No time of what is kept ever passes here, so nothing is evicted.
#[derive(Debug, Default)]
struct Data {
    last: u64,
    entries: HashMap<String, Record>,
    /// Of a cache under an empty tag.
    marks: HashMap<(String, String), Marks>,
    locks: HashMap<String, u64>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        let shared = Shared {
            clock: TokioClock::new(),
            data: Mutex::default(),
            messages: broadcast::Sender::new(1_024),
            instances: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared), instance: 0 }
    }

    /// Another instance, and a cache of it.
    pub(crate) async fn users(&self) -> (Caches, Users) {
        let instance = self.shared.instances.fetch_add(1, Ordering::Relaxed) + 1;
        let caches = Caches::builder()
            .with_clock(self.shared.clock.clone())
            .with_store(Self { shared: Arc::clone(&self.shared), instance })
            .build();
        let builder = caches.cache("users").with_options(Options::new(HOUR));
        let users = builder.build_tiered(Json).unwrap();
        assert!(caches.ready(SECOND).await);
        (caches, users)
    }

    /// As a store that has no room does.
    pub(crate) fn forget_tags(&self) {
        self.data().marks.retain(|(_, tag), _| tag.is_empty());
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.shared.data.lock().unwrap()
    }
}

impl Data {
    fn issue(&mut self) -> Generation {
        self.last += 1;
        Generation::from_u64(self.last)
    }

    fn founded(&mut self, cache: &str, tag: &str, at: Generation) -> &mut Marks {
        let founded = Marks { removed: at, ..Marks::default() };
        self.marks.entry((cache.to_owned(), tag.to_owned())).or_insert(founded)
    }
}

#[async_trait::async_trait]
impl Store for Shelf {
    async fn read(&self, key: &str) -> Result<Option<bytes::Bytes>, StoreError> {
        Ok(self.data().entries.get(key).map(|record| record.bytes().clone()))
    }

    async fn write(&self, key: &str, record: &Record) -> Result<Written, StoreError> {
        let mut data = self.data();
        match data.entries.get(key) {
            Some(there) if there.generation() > record.generation() => {
                Ok(Written::Superseded(there.bytes().clone()))
            }
            _ => {
                data.entries.insert(key.to_owned(), record.clone());
                Ok(Written::Stored)
            }
        }
    }
}

#[async_trait::async_trait]
impl Backplane for Shelf {
    fn instance(&self) -> u64 {
        self.instance
    }

    fn retention(&self) -> Duration {
        24 * HOUR
    }

    async fn open(&self, cache: &str) -> Result<Opened, StoreError> {
        let mut data = self.data();
        if data.last == 0 {
            data.issue();
        }
        let generation = Generation::from_u64(data.last);
        let marks = *data.founded(cache, "", generation);
        let now = StoreTime::from_millis(self.shared.clock.now().as_nanos() / 1_000_000);
        Ok(Opened { generation, marks, now })
    }

    async fn issue(&self, _: &str) -> Result<Generation, StoreError> {
        Ok(self.data().issue())
    }

    async fn mark(
        &self,
        cache: &str,
        tag: Option<&str>,
        mark: Mark,
    ) -> Result<Generation, StoreError> {
        let mut data = self.data();
        let generation = data.issue();
        let marks = data.founded(cache, tag.unwrap_or_default(), generation);
        match mark {
            Mark::Remove => marks.removed = generation,
            _ => marks.expired = generation,
        }
        let about = tag.map_or(About::All(mark), |tag| About::Tag { tag: tag.to_owned(), mark });
        let (instance, cache) = (self.instance, cache.to_owned());
        self.shared.messages.send(Message { instance, cache, generation, about }).ok();
        Ok(generation)
    }

    async fn marks(
        &self,
        cache: &str,
        tags: &[&str],
        founded: Generation,
    ) -> Result<Vec<Marks>, StoreError> {
        let mut data = self.data();
        Ok(tags.iter().map(|tag| *data.founded(cache, tag, founded)).collect())
    }

    async fn announce(&self, message: &Message) -> Result<(), StoreError> {
        self.shared.messages.send(message.clone()).ok();
        Ok(())
    }

    async fn lock(&self, name: &str, token: u64, _: Duration) -> Result<bool, StoreError> {
        Ok(*self.data().locks.entry(name.to_owned()).or_insert(token) == token)
    }

    async fn unlock(&self, name: &str, token: u64) -> Result<(), StoreError> {
        self.data().locks.retain(|held, holder| (held.as_str(), *holder) != (name, token));
        Ok(())
    }

    fn listen(&self) -> Box<dyn Listen> {
        Box::new(Ear { messages: self.shared.messages.subscribe(), connected: false })
    }
}

struct Ear {
    messages: broadcast::Receiver<Message>,
    connected: bool,
}

#[async_trait::async_trait]
impl Listen for Ear {
    async fn next(&mut self) -> Option<Signal> {
        if !std::mem::replace(&mut self.connected, true) {
            return Some(Signal::Connected);
        }
        match self.messages.recv().await {
            Ok(message) => Some(Signal::Message(message)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Signal::Connected),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_of_ones_own_makes_instances_agree() {
    let shelf = Shelf::new();
    let (_first, one) = shelf.users().await;
    let (_second, other) = shelf.users().await;
    load_tagged(&one, "7", "Ann", "staff").await;
    load(&one, "8", "Bea").await;
    settle().await;
    let found = other.get_many(["7", "8", "9"]).await;
    let values: Vec<_> = found.iter().map(|found| found.as_ref().map(|one| one.as_str())).collect();
    assert_eq!(values, [Some("Ann"), Some("Bea"), None]);
    other.remove_tag("staff").await;
    other.set("8", "Bea the second".to_owned()).await;
    settle().await;
    assert_eq!(at(&one, "7").await, None);
    assert_eq!(at(&one, "8").await.as_deref(), Some("Bea the second"));
    one.expire("8").await;
    one.remove("9").await;
    settle().await;
    assert_eq!(at(&other, "8").await, None);
    other.clear().await;
    settle().await;
    assert_eq!(at(&one, "8").await, None);
}
