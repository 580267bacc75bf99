use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use super::{KeyParts, Parts};

/// Bytes of a key that stand in the entry itself; a longer key is a pointer away.
const INLINE: usize = 64;

/// A key as it is kept: its parts, joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(SmallVec<[u8; INLINE]>);

/// A key as it is looked for: on the stack, unless it is long.
pub(crate) struct Encoded(SmallVec<[u8; 128]>);

impl Encoded {
    #[inline]
    pub(crate) fn of<Q: KeyParts + ?Sized>(key: &Q) -> Self {
        let mut bytes = SmallVec::new();
        key.write(&mut Parts::new(&mut bytes));
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn to_key(&self) -> Key {
        Key(SmallVec::from_slice(&self.0))
    }
}

impl Key {
    /// Takes a key as it stands in a message.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(SmallVec::from_slice(text.as_bytes()))
    }

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
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}
