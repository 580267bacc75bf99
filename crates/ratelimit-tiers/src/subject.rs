use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::sync::SHARDS;

/// Who is limited: a keyed hash of what names it. What was hashed is kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(u128);

/// Hashes the names of subjects with a secret, so that nobody outside can aim for a collision or
/// tell a name from its hash.
///
/// SipHash-1-3 with 128 bits of output (Aumasson and Bernstein, 2012).
#[derive(Clone, Copy)]
pub struct SubjectHasher {
    keys: (u64, u64),
}

impl SubjectHasher {
    /// Makes a secret that this process alone knows, from the operating system's randomness.
    #[must_use]
    pub fn random() -> Self {
        // The only source of it in std; each hasher gives 64 bits that depend on 128 random ones.
        let state = RandomState::new();
        Self { keys: (state.hash_one("first"), state.hash_one("second")) }
    }

    /// Derives the secret from one that several processes share.
    #[must_use]
    pub fn from_secret(secret: &[u8]) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(b"bartizan ratelimit subject\0");
        hasher.write(secret);
        let hash = hasher.finish128();
        Self { keys: (hash.h1, hash.h2) }
    }

    /// Hashes the name of a subject within its kind (`"account"`, `"ip"`, ...): equal names of
    /// different kinds are different subjects.
    #[must_use]
    pub fn subject(&self, kind: &str, name: &[u8]) -> Subject {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write(kind.as_bytes());
        hasher.write_u8(0xff);
        hasher.write(name);
        Subject(hasher.finish128().as_u128())
    }

    /// A part of another subject: one account at one address, say.
    #[must_use]
    pub fn within(&self, subject: Subject, kind: &str, name: &[u8]) -> Subject {
        let inner = self.subject(kind, name);
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write_u128(subject.0);
        hasher.write_u128(inner.0);
        Subject(hasher.finish128().as_u128())
    }
}

impl Subject {
    /// The hash.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// Which of the shards of a map holds it, by the upper half of the hash.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "bits of a hash")]
    pub(crate) const fn shard(self) -> usize {
        (self.0 >> 64) as usize % SHARDS
    }

    /// Takes a hash that was made elsewhere; it must be keyed and even over all bits.
    #[must_use]
    pub const fn from_u128(hash: u128) -> Self {
        Self(hash)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({:032x})", self.0)
    }
}

impl fmt::Debug for SubjectHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectHasher").finish_non_exhaustive()
    }
}
