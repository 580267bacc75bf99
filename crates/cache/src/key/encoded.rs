use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use super::{KeyPart, KeyParts, Parts};

/// A key as it is kept: its parts, joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(SmallVec<[u8; KEPT]>);

/// Bytes of a key that stand in the entry itself; a longer key is a pointer away.
const KEPT: usize = 36;

/// A key as it is looked for: on the stack, unless it is long.
#[derive(Debug)]
pub(crate) struct Encoded {
    near: [u8; NEAR],
    length: usize,
    /// The whole of a longer key.
    far: Vec<u8>,
}

/// Bytes of a key that is not long.
const NEAR: usize = 160;

impl Encoded {
    /// Where a key is to be written. In two steps, since a hit would notice that it is moved.
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { near: [0; NEAR], length: 0, far: Vec::new() }
    }

    /// With a key, to write more behind it.
    pub(crate) fn from_key(key: &Key) -> Self {
        let mut encoded = Self::new();
        encoded.push(key.as_bytes());
        encoded
    }

    /// Writes a key, once.
    #[inline]
    pub(crate) fn write<Q: KeyParts + ?Sized>(&mut self, key: &Q) -> &[u8] {
        key.write(&mut Parts::new(self));
        self.as_bytes()
    }

    /// Writes one more part behind those that are there.
    #[inline]
    pub(crate) fn write_more<P: KeyPart + ?Sized>(&mut self, part: &P) {
        Parts::after(self).part(part);
    }

    /// Gives up what was written behind the first bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.far.truncate(length);
        self.length = self.length.min(length);
    }

    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let free = self.near.get_mut(self.length..).and_then(|free| free.get_mut(..bytes.len()));
        match free {
            Some(place) if self.far.is_empty() => {
                place.copy_from_slice(bytes);
                self.length += bytes.len();
            }
            _ => self.push_far(bytes),
        }
    }

    #[cold]
    fn push_far(&mut self, bytes: &[u8]) {
        if self.far.is_empty() {
            self.far.extend_from_slice(self.near.get(..self.length).unwrap_or_default());
        }
        self.far.extend_from_slice(bytes);
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self.near.get(..self.length) {
            Some(bytes) if self.far.is_empty() => bytes,
            _ => &self.far,
        }
    }
}

impl Key {
    pub(crate) fn of<Q: KeyParts + ?Sized>(key: &Q) -> Self {
        Self::from_bytes(Encoded::new().write(key))
    }

    /// Takes a key as it was written.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }

    /// Takes a key as it stands in a message.
    pub(crate) fn from_text(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        // Parts write text alone, so this never falls back.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

// As a slice hashes, so that one finds the other.
impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl Borrow<[u8]> for Key {
    #[inline]
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}
