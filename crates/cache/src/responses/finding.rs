use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use super::index::{Index, Language, Selecting, VariantPart};
use super::{Shelf, Slot, Stored};
use crate::cache::{Begun, Found};
use crate::entry::Entry;
use crate::key::{Encoded, Key};
use crate::policy::http::{Normalise, content_language, selecting};
use crate::respond::Time;
use crate::{Cached, Level, Timestamp};

/// What of a request selects among the variants of its target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) normalise: &'a Normalise,
}

/// What a look at a target gave.
pub(crate) enum Looked {
    Stored(Kept),
    /// Others than the one that the request selects.
    VaryMiss(Arc<Index>),
    Nothing,
}

/// A stored response as it was found, fresh or stale.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) key: Key,
    pub(crate) stored: Arc<Stored>,
    pub(crate) age: Duration,
    /// Nothing while it is fresh.
    pub(crate) stale_for: Option<Duration>,
    /// What was known before it was looked for: a 304 makes nothing of it that was invalidated since.
    pub(crate) begun: Begun,
    /// Where it was.
    pub(crate) level: Level,
    entry: Arc<Entry<Slot>>,
}

impl Kept {
    pub(crate) const fn time(&self) -> Time {
        Time { age: self.age, stale_for: self.stale_for }
    }

    /// Whether it was tried to fetch it anew a moment ago, in vain.
    pub(crate) fn is_held_back(&self, now: Timestamp) -> bool {
        now < self.entry.times().retry_at
    }

    /// It is not to be fetched anew before this moment.
    pub(crate) fn hold_back(&self, until: Timestamp) {
        self.entry.retry_at(until);
    }
}

impl Shelf {
    /// A fresh response from memory.
    #[inline]
    pub(crate) fn peek(&self, key: &mut Encoded, selection: Selection<'_>) -> Option<Cached<Slot>> {
        let cached = self.core.hit_untold(key.as_bytes())?;
        match cached.value() {
            Slot::Response(_) => Some(cached),
            Slot::Index(index) => self.peek_variant(key, index, selection),
        }
    }

    fn peek_variant(
        &self,
        key: &mut Encoded,
        index: &Index,
        selection: Selection<'_>,
    ) -> Option<Cached<Slot>> {
        let length = key.as_bytes().len();
        let mut selected = Selecting::new();
        for spec in &index.specs {
            selected.clear();
            selecting(spec, selection.headers, selection.normalise, &mut selected);
            key.write_more(&VariantPart { id: index.id, selecting: &selected });
            let found = self.core.hit_untold(key.as_bytes());
            key.truncate(length);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// A response from memory or the store.
    pub(crate) async fn look(&self, target: &Key, selection: Selection<'_>) -> Looked {
        let (until, begun) = (self.core.until(), self.core.begin_reading());
        let Some(found) = self.core.seek(target, &self.core.options, until).await else {
            return Looked::Nothing;
        };
        let index = match self.look_behind(target, &found, selection, (until, begun)).await {
            Looked::VaryMiss(index) if found.is_near => index,
            looked => return looked,
        };
        // Another instance may know more, or have founded an index of its own at the same time.
        match self.core.seek_later(target, &self.core.options, &found, until).await {
            Some(later) if !matches!(&later.entry.value, Slot::Index(known) if *known == index) => {
                self.look_behind(target, &later, selection, (until, begun)).await
            }
            _ => Looked::VaryMiss(index),
        }
    }

    /// The response that was found, or the one that it leads to.
    async fn look_behind(
        &self,
        target: &Key,
        found: &Found<Slot>,
        selection: Selection<'_>,
        (until, begun): (Instant, Begun),
    ) -> Looked {
        let index = match &found.entry.value {
            Slot::Response(_) => return kept(target.clone(), found, None, begun),
            Slot::Index(index) => Arc::clone(index),
        };
        let current = (index.id, found.stale_for());
        // What was made stale with the index before serves until it is validated.
        let former = index.former.map(|former| {
            let stale_for = former.stale_for.saturating_add(found.age());
            (former.id, current.1.max(Some(stale_for)))
        });
        let Selection { headers, normalise } = selection;
        let by_words = index.specs.iter().map(|spec| {
            let mut selected = Selecting::new();
            selecting(spec, headers, normalise, &mut selected);
            (selected, None)
        });
        let by_language = index
            .by_language(headers, normalise)
            .map(|variant| (Selecting::from_slice(&variant.selecting), variant.language.as_ref()));
        for (selected, language) in by_words.chain(by_language) {
            for (id, stale_for) in std::iter::once(current).chain(former) {
                let key = variant_key(target, id, &selected);
                if let Some(found) = self.core.seek(&key, &self.core.options, until).await
                    && language.is_none_or(|language| is_in(&found.entry.value, language))
                {
                    return kept(key, &found, stale_for, begun);
                }
            }
        }
        Looked::VaryMiss(index)
    }
}

pub(crate) fn variant_key(target: &Key, id: u64, selecting: &[u8]) -> Key {
    let mut encoded = Encoded::from_key(target);
    encoded.write_more(&VariantPart { id, selecting });
    Key::from_bytes(encoded.as_bytes())
}

/// Another instance may have fetched it anew, in another language than its index knows here.
fn is_in(slot: &Slot, language: &Language) -> bool {
    let Slot::Response(stored) = slot else { return false };
    content_language(&stored.headers).as_deref() == Some(&*language.tag)
}

/// With its index it is stale as well. What came stale has been so for longer than it is here.
fn kept(key: Key, found: &Found<Slot>, index_stale_for: Option<Duration>, begun: Begun) -> Looked {
    let Slot::Response(stored) = &found.entry.value else { return Looked::Nothing };
    let (stored, age) = (Arc::clone(stored), stored.age.saturating_add(found.age()));
    let since = found.stale_for().max(index_stale_for);
    let stale_for = since.map(|since| since.max(age.saturating_sub(stored.terms.lifetime)));
    let level = if found.is_near { Level::Memory } else { Level::Store };
    let entry = Arc::clone(&found.entry);
    Looked::Stored(Kept { key, stored, age, stale_for, begun, level, entry })
}
