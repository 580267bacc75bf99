use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::core::Core;
use super::member::Member;
use crate::key::{Encoded, Key, KeyOf};
use crate::observe::Lookup;
use crate::stats::CacheStats;
use crate::{Cached, Item, Load, LoadError, Mark, Options, Reach};

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

    pub(crate) fn into_core(self) -> Arc<Core<V>> {
        self.core
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
