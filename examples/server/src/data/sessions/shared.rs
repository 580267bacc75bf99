use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bartizan_cache::{Cache, Item};
use bartizan_redis_link::{BreakerState, Link, LinkState};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::hash;
use crate::domain::Timestamp;

/// How long a session of which nothing is known lasts; nobody saves it.
const UNKNOWN: Duration = Duration::from_mins(1);

/// Cookie sessions in a cache whose second level all instances share, under the hash of their id.
///
/// While the store is away each instance goes on with the sessions that it has seen, and tells the
/// store of changes once it is back. Of the others it knows nothing meanwhile, and they are empty: what
/// is not found loses its cookie.
#[derive(Clone, Debug)]
pub struct SharedSessionStore {
    cache: Cache<String, StoredSession>,
    link: Option<Link>,
    now: fn() -> Timestamp,
}

/// A session as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredSession {
    data: HashMap<String, serde_json::Value>,
    /// In microseconds since the Unix epoch.
    expires_at: i64,
}

impl fmt::Debug for StoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSession").finish_non_exhaustive()
    }
}

impl SharedSessionStore {
    /// Keeps sessions in this cache and asks `now` whether one has expired.
    #[must_use]
    pub fn new(cache: Cache<String, StoredSession>, now: fn() -> Timestamp) -> Self {
        Self { cache, link: None, now }
    }

    /// The cache's second level is reached over this link.
    #[must_use]
    pub fn with_link(self, link: Link) -> Self {
        Self { link: Some(link), ..self }
    }

    fn is_away(&self) -> bool {
        self.link.as_ref().is_some_and(|link| {
            link.state() != LinkState::Connected || link.breaker() != BreakerState::Closed
        })
    }

    /// How many calls of the store have failed.
    fn failures(&self) -> u64 {
        self.cache.stats().store_errors
    }

    fn empty(&self, id: Id) -> Result<Record> {
        let expiry_date = date((self.now)().after(UNKNOWN))?;
        Ok(Record { id, data: HashMap::new(), expiry_date })
    }
}

fn date(instant: Timestamp) -> Result<OffsetDateTime> {
    OffsetDateTime::try_from(instant).map_err(|error| Error::Decode(error.to_string()))
}

#[async_trait]
impl SessionStore for SharedSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // Ids are random, so nobody takes this one between the look and the save.
        while self.cache.get(key(&record.id).as_str()).await.is_some() {
            record.id = Id::default();
        }
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let expires_at = Timestamp::from(record.expiry_date).as_micros();
        let left = expires_at.saturating_sub((self.now)().as_micros());
        let key = key(&record.id);
        match u64::try_from(left) {
            Ok(left) if left > 0 => {
                let stored = StoredSession { data: record.data.clone(), expires_at };
                let item = Item::new(stored).with_ttl(Duration::from_micros(left));
                self.cache.set(key.as_str(), item).await;
            }
            _ => {
                self.cache.remove(key.as_str()).await;
            }
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let key = key(id);
        let mut found = self.cache.get(key.as_str()).await;
        if found.is_none() {
            // Looked for again, since only calls that fail from here on tell why it is not there.
            let failures = self.failures();
            found = self.cache.get(key.as_str()).await;
            if found.is_none() && (self.is_away() || self.failures() != failures) {
                return self.empty(*id).map(Some);
            }
        }
        let Some(found) = found else { return Ok(None) };
        let StoredSession { data, expires_at } = found.into_value();
        let expires_at = Timestamp::from_micros(expires_at);
        if expires_at <= (self.now)() {
            return Ok(None);
        }
        Ok(Some(Record { id: *id, data, expiry_date: date(expires_at)? }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.cache.remove(key(id).as_str()).await;
        Ok(())
    }
}

fn key(id: &Id) -> String {
    hash(id).iter().fold(String::with_capacity(64), |mut text, byte| {
        for nibble in [byte >> 4, byte & 0xf] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    })
}
