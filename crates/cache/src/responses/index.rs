use std::time::Duration;

use http::HeaderMap;
use smallvec::SmallVec;

use crate::key::{KeyPart, Part};
use crate::policy::http::{Normalise, Spec, preferred_language, selecting};

/// The variants of a target (RFC 9111, section 4.1). Each stands under a key of its own, which the
/// request tells together with a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    /// Part of the keys of its variants: with the index they all go.
    pub(crate) id: u64,
    /// The index before, if that was made stale and not removed.
    pub(crate) former: Option<Former>,
    /// Latest first.
    pub(crate) specs: SmallVec<[Spec; 1]>,
    /// Latest first.
    pub(crate) variants: Vec<Variant>,
}

/// An index whose variants are stale with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Former {
    pub(crate) id: u64,
    /// For how long it had been stale when the next one was created.
    pub(crate) stale_for: Duration,
}

/// What is known of a variant where it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) selecting: Box<[u8]>,
    /// In which language it is, if its spec has `Accept-Language`.
    pub(crate) language: Option<Language>,
}

/// The one language of a variant, and what else selects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Language {
    pub(crate) tag: Box<str>,
    pub(crate) rest: Box<[u8]>,
}

/// An origin that changes its mind on what it varies by is not followed further than that.
const SPECS: usize = 4;

/// What a request selects by.
pub(crate) type Selecting = SmallVec<[u8; 128]>;

impl Index {
    pub(crate) fn new() -> Self {
        let (specs, variants) = (SmallVec::new(), Vec::new());
        Self { id: fastrand::u64(..), former: None, specs, variants }
    }

    /// The one that follows an index that has been stale for so long.
    pub(crate) fn after(known: &Self, stale_for: Duration) -> Self {
        let former = Some(Former { id: known.id, stale_for });
        Self { id: Self::new().id, former, ..known.clone() }
    }

    /// The same, as of so much later.
    pub(crate) fn aged(mut self, by: Duration) -> Self {
        if let Some(former) = &mut self.former {
            former.stale_for = former.stale_for.saturating_add(by);
        }
        self
    }

    /// The index with one more variant, and those that have to go for it.
    pub(crate) fn with(&self, spec: &Spec, variant: Variant, most: usize) -> (Self, Vec<Variant>) {
        let mut next = self.clone();
        next.specs.retain(|known| known != spec);
        next.specs.insert(0, spec.clone());
        next.specs.truncate(SPECS);
        next.variants.retain(|known| known.selecting != variant.selecting);
        next.variants.insert(0, variant);
        let gone = next.variants.split_off(next.variants.len().min(most.max(1)));
        (next, gone)
    }

    pub(crate) fn has(&self, spec: &Spec, variant: &Variant) -> bool {
        self.specs.first() == Some(spec) && self.variants.contains(variant)
    }

    /// What selects a variant whose language is the one that the request prefers, if none is
    /// selected by the words of the request.
    pub(crate) fn by_language(
        &self,
        request: &HeaderMap,
        normalise: &Normalise,
    ) -> Option<&Variant> {
        if !normalise.languages || self.variants.iter().all(|known| known.language.is_none()) {
            return None;
        }
        let preferred = preferred_language(request)?;
        self.variants.iter().find(|known| {
            known.language.as_ref().is_some_and(|language| {
                *language.tag == *preferred
                    && self
                        .specs
                        .iter()
                        .any(|spec| *language.rest == *rest_of(spec, request, normalise))
            })
        })
    }

    pub(crate) fn weight(&self) -> usize {
        let variants = self.variants.iter().map(|variant| {
            let rest = variant.language.as_ref().map_or(0, |language| language.rest.len());
            size_of::<Variant>() + variant.selecting.len() + rest
        });
        size_of::<Self>() + variants.sum::<usize>()
    }
}

/// What selects besides the language.
pub(crate) fn rest_of(spec: &Spec, request: &HeaderMap, normalise: &Normalise) -> Selecting {
    let mut rest = Selecting::new();
    let others = spec.names().iter().filter(|name| **name != http::header::ACCEPT_LANGUAGE);
    if let Some(others) = Spec::new(others.cloned()) {
        selecting(&others, request, normalise, &mut rest);
    }
    rest
}

/// The part of a variant's key behind that of its target.
pub(crate) struct VariantPart<'a> {
    pub(crate) id: u64,
    pub(crate) selecting: &'a [u8],
}

impl KeyPart for VariantPart<'_> {
    fn write(&self, part: &mut Part<'_>) {
        part.push_str(itoa::Buffer::new().format(self.id));
        part.push_str("=");
        part.push_bytes(self.selecting);
    }
}
