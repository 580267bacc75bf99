use bytes::Bytes;
use sha1::{Digest, Sha1};

/// A Lua script and its SHA-1, by which Redis knows it.
///
/// Make it once and share it: the digest is computed here, and a clone costs two reference counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    source: Bytes,
    sha: Bytes,
}

impl Script {
    /// Takes the source as it is.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        let source = Bytes::from(source.into());
        let digest = Sha1::digest(&source);
        let digits = digest
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0xf])
            .map(|nibble| b'0' + nibble + if nibble < 10 { 0 } else { b'a' - b'0' - 10 });
        Self { sha: digits.collect(), source }
    }

    /// Returns the SHA-1 in lower-case hexadecimal digits.
    #[must_use]
    pub fn sha(&self) -> &str {
        std::str::from_utf8(&self.sha).unwrap_or_default()
    }

    pub(crate) const fn source_bytes(&self) -> &Bytes {
        &self.source
    }

    pub(crate) const fn sha_bytes(&self) -> &Bytes {
        &self.sha
    }
}
