#[cfg(feature = "hmac")]
use super::sign::Keys;

/// Makes bytes of entries and entries of bytes, for one kind of values.
#[derive(Clone, Debug)]
pub(crate) struct Sealer {
    pub(super) schema: u16,
    #[cfg(feature = "lz4")]
    pub(super) compressed_above: Option<usize>,
    #[cfg(feature = "hmac")]
    pub(super) keys: Keys,
}

impl Sealer {
    /// Compresses and signs nothing.
    pub(crate) const fn new(schema: u16) -> Self {
        Self {
            schema,
            #[cfg(feature = "lz4")]
            compressed_above: None,
            #[cfg(feature = "hmac")]
            keys: Keys::none(),
        }
    }

    /// Makes and opens values of this version of their type.
    #[must_use]
    pub(crate) const fn with_schema(mut self, schema: u16) -> Self {
        self.schema = schema;
        self
    }

    /// Compresses values of more bytes, if that makes them smaller. Compressed ones are opened
    /// with or without it.
    #[cfg(feature = "lz4")]
    #[must_use]
    pub(crate) const fn with_compression_above(mut self, bytes: usize) -> Self {
        self.compressed_above = Some(bytes);
        self
    }

    /// Signs, and opens only what is signed. The key should have 32 bytes that nobody can guess.
    #[cfg(feature = "hmac")]
    #[must_use]
    pub(crate) fn with_hmac(mut self, key: &[u8]) -> Self {
        self.keys.put_first(key);
        self
    }

    /// Opens also what is signed with this key. If no other is given, it signs as well.
    #[cfg(feature = "hmac")]
    #[must_use]
    pub(crate) fn with_hmac_also(mut self, key: &[u8]) -> Self {
        self.keys.put_last(key);
        self
    }
}
