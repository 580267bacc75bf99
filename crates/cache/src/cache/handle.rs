use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::core::Core;
use super::member::Member;
use super::tier::Tier;
use crate::entry::Entry;
use crate::flight::{Joined, Landed};
use crate::key::{Encoded, Key, KeyOf};
use crate::observe::{Lookup, StoreOperation};
use crate::policy::Judged;
use crate::stats::CacheStats;
use crate::{Cached, Freshness, Item, Level, Load, LoadError, Mark, Options, Reach, Source};

/// A named cache of values `V` under keys `K`.
///
/// A clone is another handle on the same cache.
pub struct Cache<K, V> {
    core: Arc<Core<V>>,
    keys: PhantomData<fn(&K)>,
}

impl<K, V: Clone + Send + Sync + 'static> Cache<K, V> {
    pub(super) const fn new(core: Arc<Core<V>>) -> Self {
        Self { core, keys: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// The options of operations that bring none.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.core.options
    }

    /// What has happened so far.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        self.core.stats()
    }

    /// A value from memory, if it is fresh there.
    #[inline]
    pub fn peek<Q: KeyOf<K> + ?Sized>(&self, key: &Q) -> Option<Cached<V>> {
        let mut encoded = Encoded::new();
        let key = encoded.write(key);
        let hit = self.core.hit(key).or_else(|| self.core.fresh(key, &self.core.options));
        if hit.is_none() {
            self.core.looked(Lookup::Miss);
        }
        hit
    }

    /// A value from memory or the store, if it is fresh there.
    pub async fn get<Q: KeyOf<K> + ?Sized>(&self, key: &Q) -> Option<Cached<V>> {
        self.get_with(key, &self.core.options).await
    }

    /// Like [`get`](Self::get), with other options.
    pub async fn get_with<Q: KeyOf<K> + ?Sized>(
        &self,
        key: &Q,
        options: &Options,
    ) -> Option<Cached<V>> {
        let key = {
            let mut encoded = Encoded::new();
            let key = encoded.write(key);
            if options.memory.reads()
                && let Some(hit) = self.core.hit(key)
            {
                return Some(hit);
            }
            Key::from_bytes(key)
        };
        Box::pin(self.core.find(key, options)).await
    }

    /// Values from memory, and what is not there from the store in one call; in the order of the
    /// keys.
    pub async fn get_many<'a, Q, I>(&self, keys: I) -> Vec<Option<Cached<V>>>
    where
        Q: KeyOf<K> + ?Sized + 'a,
        I: IntoIterator<Item = &'a Q>,
    {
        let keys: Vec<Key> = keys.into_iter().map(Key::of).collect();
        Box::pin(self.core.find_many(&keys)).await
    }

    /// A value from memory, from the store, or from the loader, which is run once for all who ask
    /// for the key meanwhile, in a task of its own: it goes on when this call is dropped.
    ///
    /// # Errors
    ///
    /// When the loader gives no value and fail-safe has none. Never because of the store.
    pub async fn get_or_load<Q, L, F, R, E>(
        &self,
        key: &Q,
        loader: L,
    ) -> Result<Cached<V>, LoadError<E>>
    where
        Q: KeyOf<K> + ?Sized,
        L: FnOnce(Load<V>) -> F + Send + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
        R: Into<Item<V>> + 'static,
        E: Send + Sync + 'static,
    {
        self.get_or_load_with(key, &self.core.options, loader).await
    }

    /// Like [`get_or_load`](Self::get_or_load), with other options.
    ///
    /// # Errors
    ///
    /// When the loader gives no value and fail-safe has none. Never because of the store.
    pub async fn get_or_load_with<Q, L, F, R, E>(
        &self,
        key: &Q,
        options: &Options,
        loader: L,
    ) -> Result<Cached<V>, LoadError<E>>
    where
        Q: KeyOf<K> + ?Sized,
        L: FnOnce(Load<V>) -> F + Send + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
        R: Into<Item<V>> + 'static,
        E: Send + Sync + 'static,
    {
        let key = {
            let mut encoded = Encoded::new();
            let key = encoded.write(key);
            if options.memory.reads()
                && let Some(hit) = self.core.hit(key)
            {
                return Ok(hit);
            }
            Key::from_bytes(key)
        };
        Box::pin(Arc::clone(&self.core).load(key, options.clone(), loader)).await
    }

    /// Sets a value in both levels, and tells the other instances that theirs is outdated.
    pub async fn set<Q: KeyOf<K> + ?Sized>(&self, key: &Q, item: impl Into<Item<V>>) -> Reach {
        self.set_with(key, &self.core.options, item).await
    }

    /// Like [`set`](Self::set), with other options.
    pub async fn set_with<Q: KeyOf<K> + ?Sized>(
        &self,
        key: &Q,
        options: &Options,
        item: impl Into<Item<V>>,
    ) -> Reach {
        self.core.set(Key::of(key), item.into(), options).await
    }

    /// Removes an entry: no instance serves it again, not even when a loader fails.
    pub async fn remove<Q: KeyOf<K> + ?Sized>(&self, key: &Q) -> Reach {
        self.core.mark_key(Key::of(key), Mark::Remove).await
    }

    /// Makes an entry stale: fail-safe and stale-while-revalidate may still serve it.
    pub async fn expire<Q: KeyOf<K> + ?Sized>(&self, key: &Q) -> Reach {
        self.core.mark_key(Key::of(key), Mark::Expire).await
    }

    /// Removes all entries that carry a tag.
    pub async fn remove_tag(&self, tag: &str) -> Reach {
        self.core.mark_all(Some(tag), Mark::Remove).await
    }

    /// Makes all entries that carry a tag stale.
    pub async fn expire_tag(&self, tag: &str) -> Reach {
        self.core.mark_all(Some(tag), Mark::Expire).await
    }

    /// Removes all entries of this cache, and none of any other.
    pub async fn clear(&self) -> Reach {
        self.core.mark_all(None, Mark::Remove).await
    }

    /// Makes all entries of this cache stale.
    pub async fn expire_all(&self) -> Reach {
        self.core.mark_all(None, Mark::Expire).await
    }
}

impl<V: Clone + Send + Sync + 'static> Core<V> {
    /// Looks where a hit could not be had at once.
    async fn find(self: &Arc<Self>, key: Key, options: &Options) -> Option<Cached<V>> {
        if options.memory.reads()
            && let Some(fresh) = self.fresh(key.as_bytes(), options)
        {
            return Some(fresh);
        }
        let found = match &self.tier {
            Some(tier) if tier.is_open() && options.store.reads() => self.read(key, options).await,
            _ => None,
        };
        self.found(found, options)
    }

    /// A fresh value from memory, where [`hit`](Self::hit) looks too little: it is due for a load.
    #[cold]
    fn fresh(&self, key: &[u8], options: &Options) -> Option<Cached<V>> {
        let (entry, judged) = self.look(key, options, self.now())?;
        let is_fresh = matches!(judged, Judged::Fresh | Judged::Due);
        is_fresh.then(|| self.answer(entry, Freshness::Fresh, Source::Cached(Level::Memory)))
    }

    /// Reads the store once for all who ask for a key meanwhile.
    async fn read(self: &Arc<Self>, key: Key, options: &Options) -> Option<Arc<Entry<V>>> {
        let fence = self.fence(&key);
        let flight = match self.reads.join(&key, self.sequence(), |began| began >= fence) {
            Joined::Follower(flight) => flight,
            Joined::Leader(leader, flight) => {
                let (core, options) = (Arc::clone(self), options.clone());
                // Without a runtime the leader is dropped, and nothing was found.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move {
                        let found = match &core.tier {
                            Some(tier) => core.read_store(tier, &key, &options).await,
                            None => None,
                        };
                        leader.land(found);
                    });
                }
                flight
            }
        };
        match flight.wait().await {
            Landed::Outcome(found) => found,
            Landed::Abandoned => None,
        }
    }

    fn found(&self, found: Option<Arc<Entry<V>>>, options: &Options) -> Option<Cached<V>> {
        let fresh = found.filter(|entry| {
            let judged = self.judge(entry, options, self.now());
            matches!(judged, Some(Judged::Fresh | Judged::Due))
        });
        let Some(entry) = fresh else {
            self.looked(Lookup::Miss);
            return None;
        };
        Some(self.answer(entry, Freshness::Fresh, Source::Cached(Level::Store)))
    }

    async fn find_many(self: &Arc<Self>, keys: &[Key]) -> Vec<Option<Cached<V>>> {
        let options = &self.options;
        let in_memory = |key: &Key| {
            if !options.memory.reads() {
                return None;
            }
            self.hit(key.as_bytes()).or_else(|| self.fresh(key.as_bytes(), options))
        };
        let mut answers: Vec<_> = keys.iter().map(in_memory).collect();
        let missing: Vec<_> = (0..keys.len())
            .zip(keys)
            .zip(&answers)
            .filter(|(_, answer)| answer.is_none())
            .map(|(key, _)| key)
            .collect();
        let open = self.tier.as_ref().filter(|tier| options.store.reads() && tier.is_open());
        let connection = open.map_or(0, Tier::listening);
        let mut read = Vec::new();
        let sequence = self.sequence();
        if let Some(tier) = open
            && !missing.is_empty()
        {
            let names: Vec<_> = missing.iter().map(|(_, key)| self.store_key(key)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let reading = tier.remote.store.read_many(&names);
            read = self.call(tier, StoreOperation::ReadMany, reading).await.unwrap_or_default();
        }
        read.resize(missing.len(), None);
        for ((index, key), bytes) in missing.into_iter().zip(read) {
            let entry = match (open, bytes) {
                (Some(tier), Some(bytes)) if !tier.remote.recovery.concerns(&self.name, key) => {
                    let name = self.store_key(key);
                    self.accept(tier, key, &name, &bytes, connection, sequence, options).await
                }
                _ => None,
            };
            let answer = self.found(entry, options);
            if let Some(place) = answers.get_mut(index) {
                *place = answer;
            }
        }
        answers
    }
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core), keys: PhantomData }
    }
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cache").field(&self.core.name).finish()
    }
}
