use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::checksum::key_length;

/// Half of an HMAC-SHA-256: RFC 2104, section 5, advises no less.
pub(super) const SIGNATURE: usize = 16;

/// The keys of signatures: the first one signs, all are accepted.
#[derive(Clone)]
pub(super) struct Keys(Vec<Hmac<Sha256>>);

impl Keys {
    pub(super) const fn none() -> Self {
        Self(Vec::new())
    }

    /// Signs with this one from now on.
    pub(super) fn put_first(&mut self, key: &[u8]) {
        self.0.insert(0, prepared(key));
    }

    pub(super) fn put_last(&mut self, key: &[u8]) {
        self.0.push(prepared(key));
    }

    /// The signature of bytes under a key of the cache; none if nothing is signed.
    pub(super) fn sign(&self, key: &str, bytes: &[u8]) -> Option<[u8; SIGNATURE]> {
        let signature = over(self.0.first()?, key, bytes).finalize().into_bytes();
        signature.first_chunk().copied()
    }

    /// Whether one of the keys made the signature. Each comparison takes the same time wherever the
    /// signatures differ.
    pub(super) fn accept(&self, key: &str, bytes: &[u8], signature: &[u8; SIGNATURE]) -> bool {
        let made = |mac| over(mac, key, bytes).verify_truncated_left(signature).is_ok();
        self.0.iter().any(made)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.0.len()).finish()
    }
}

#[expect(clippy::expect_used, reason = "RFC 2104, section 2, takes keys of any length")]
fn prepared(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("keys have any length")
}

fn over(mac: &Hmac<Sha256>, key: &str, bytes: &[u8]) -> Hmac<Sha256> {
    mac.clone().chain_update(key_length(key)).chain_update(key).chain_update(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_shown() {
        let mut keys = Keys::none();
        keys.put_first(b"secret");
        assert_eq!(format!("{keys:?}"), "Keys(1)");
    }
}
