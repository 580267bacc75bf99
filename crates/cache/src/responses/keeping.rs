use std::sync::{Arc, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::finding::variant_key;
use super::index::{Language, Selecting, Variant, rest_of};
use super::{Index, Shelf, Slot, Stored};
use crate::cache::{Begun, Found};
use crate::key::Key;
use crate::policy::http::{Normalise, Spec, content_language};
use crate::{Item, NotStored, Options};

/// Under which key a response is to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) target: Key,
    /// What selects it, if its target has variants.
    pub(crate) variant: Option<(Spec, Variant)>,
    /// The tag of its target, where that is needed.
    pub(crate) tag: Option<Box<str>>,
    pub(crate) most_variants: usize,
}

/// An index outlives its variants.
const INDEX_LASTS: Duration = Duration::from_secs(30 * 86_400);
/// For that it is written again when a variant is entered so long after the last time.
const INDEX_RENEWED: Duration = Duration::from_secs(86_400);

impl Variant {
    /// Of the response to a request.
    pub(crate) fn new(
        spec: &Spec,
        request: &HeaderMap,
        response: &HeaderMap,
        normalise: &Normalise,
    ) -> Self {
        let mut selected = Selecting::new();
        crate::policy::http::selecting(spec, request, normalise, &mut selected);
        let has_language = normalise.languages && spec.names().contains(&ACCEPT_LANGUAGE);
        let tag = content_language(response).filter(|_| has_language);
        let language = tag.map(|tag| Language {
            tag: tag.into(),
            rest: rest_of(spec, request, normalise).into_vec().into(),
        });
        Self { selecting: selected.into_vec().into(), language }
    }
}

impl Shelf {
    /// Stores what was fetched since `begun`, unless it was invalidated meanwhile.
    pub(crate) fn keep(
        self: &Arc<Self>,
        place: &Place,
        stored: Stored,
        tags: impl IntoIterator<Item = Box<str>>,
        begun: Begun,
    ) -> Result<(), NotStored> {
        let key = self.reserve(place, begun)?;
        let options = Options::new(stored.fresh_for()).with_stale_while_revalidate(stored.window());
        let mut item = Item::new(Slot::Response(Arc::new(stored)));
        for tag in tags {
            item = item.with_tag(tag);
        }
        if let Some(tag) = &place.tag {
            item = item.with_tag(tag.clone());
        }
        self.core.fill(key, item, &options, begun)
    }

    /// The key of a response, which is entered into the index of its target if it is a variant.
    pub(crate) fn reserve(self: &Arc<Self>, place: &Place, begun: Begun) -> Result<Key, NotStored> {
        let key = match &place.variant {
            None => place.target.clone(),
            Some((spec, variant)) => self.enter(place, spec, variant, begun)?,
        };
        // Before a body is read for nothing.
        if key.as_bytes().len() > self.core.limits.key_length {
            return Err(NotStored::KeyTooLong);
        }
        Ok(key)
    }

    /// Enters a variant into the index of its target, and tells its key.
    fn enter(
        self: &Arc<Self>,
        place: &Place,
        spec: &Spec,
        variant: &Variant,
        begun: Begun,
    ) -> Result<Key, NotStored> {
        let target = &place.target;
        #[expect(clippy::cast_possible_truncation, reason = "the lower bits are what is wanted")]
        let lock = xxhash_rust::xxh3::xxh3_64(target.as_bytes()) as usize % self.indexing.len();
        let lock = self.indexing.get(lock);
        let _entering = lock.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        let known = self.core.look_kept(target.as_bytes(), &self.core.options);
        let age = known.as_ref().map(Found::age).unwrap_or_default();
        let (index, is_due) = match known.as_ref().map(|it| (&it.entry.value, it.stale_for())) {
            // Once it was made stale, so is whatever it leads to: the next is another.
            Some((Slot::Index(index), Some(stale_for))) => (Index::after(index, stale_for), true),
            Some((Slot::Index(index), None)) => {
                (Index::clone(index).aged(age), age >= INDEX_RENEWED)
            }
            _ => (Index::new(), true),
        };
        let key = variant_key(target, index.id, &variant.selecting);
        if !is_due && index.has(spec, variant) {
            let is_outdated = self.core.is_outdated_since(target, begun);
            return if is_outdated { Err(NotStored::Invalidated) } else { Ok(key) };
        }
        let (next, gone) = index.with(spec, variant.clone(), place.most_variants);
        let options = Options::new(INDEX_LASTS).with_stale_while_revalidate(INDEX_LASTS);
        let mut item = Item::new(Slot::Index(Arc::new(next)));
        if let Some(tag) = &place.tag {
            item = item.with_tag(tag.clone());
        }
        self.core.fill(target.clone(), item, &options, begun)?;
        for variant in gone {
            self.core.drop_near(variant_key(target, index.id, &variant.selecting).as_bytes());
        }
        Ok(key)
    }
}
