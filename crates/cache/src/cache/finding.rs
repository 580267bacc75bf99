use std::sync::Arc;

use super::core::Core;
use super::tier::Tier;
use crate::entry::Entry;
use crate::flight::{Joined, Landed};
use crate::key::Key;
use crate::observe::{Lookup, StoreOperation};
use crate::policy::Judged;
use crate::{Cached, Freshness, Level, Options, Source};

/// How often a key is read from the store that is invalidated again and again meanwhile.
const READS: usize = 3;

impl<V: Clone + Send + Sync + 'static> Core<V> {
    /// Looks where a hit could not be had at once.
    pub(super) async fn find(self: &Arc<Self>, key: Key, options: &Options) -> Option<Cached<V>> {
        if options.memory.reads()
            && let Some(fresh) = self.fresh(key.as_bytes(), options)
        {
            return Some(fresh);
        }
        let found = self.read_anew(&key, options).await;
        self.found(found, options)
    }

    /// What the store has, as of after this call began.
    pub(super) async fn read_anew(
        self: &Arc<Self>,
        key: &Key,
        options: &Options,
    ) -> Option<Arc<Entry<V>>> {
        let readable = self.tier.as_ref().filter(|_| options.store.reads());
        let mut found = None;
        for _ in 0..READS {
            if !readable.is_some_and(Tier::is_open) {
                break;
            }
            let began = self.sequence();
            found = self.read(key.clone(), options).await;
            // What was invalidated while it was read is given to nobody; what is there now may be.
            if found.is_some() || !self.is_outdated(key, began) {
                break;
            }
        }
        found
    }

    /// A fresh value from memory, where [`hit`](Self::hit) looks too little: it is due for a load.
    #[cold]
    pub(super) fn fresh(&self, key: &[u8], options: &Options) -> Option<Cached<V>> {
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

    pub(super) async fn find_many(self: &Arc<Self>, keys: &[Key]) -> Vec<Option<Cached<V>>> {
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
