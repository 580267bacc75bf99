//! From values to bytes and back.

mod error;
mod json;
#[cfg(feature = "postcard")]
mod postcard;
mod raw;

pub use error::CodecError;
pub use json::Json;
#[cfg(feature = "postcard")]
pub use postcard::Postcard;
pub use raw::Raw;

/// Turns values into bytes and back. Asked only by caches that have a second level.
pub trait Codec<V> {
    /// Names the format within a stored entry. Bytes of another format are never decoded.
    ///
    /// [`Json`] is 1, [`Raw`] is 2, `Postcard` is 3. The others below 128 are kept for this crate;
    /// those from 128 on are free.
    const FORMAT: u8;

    /// Appends a value's bytes.
    ///
    /// # Errors
    ///
    /// When the value cannot be said in this format. The entry then stays in memory.
    fn encode(&self, value: &V, into: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Reads a value from all of the bytes.
    ///
    /// # Errors
    ///
    /// When the bytes are not one whole value. The entry then counts as a miss.
    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError>;
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn format<V, C: Codec<V>>(_: C) -> u8 {
        C::FORMAT
    }

    #[test]
    fn formats_keep_their_numbers() {
        assert_eq!(format::<u8, _>(Json), 1);
        assert_eq!(format::<Bytes, _>(Raw), 2);
        assert_eq!(format::<Vec<u8>, _>(Raw), 2);
        assert_eq!(format::<String, _>(Raw), 2);
        #[cfg(feature = "postcard")]
        assert_eq!(format::<u8, _>(Postcard), 3);
    }
}
