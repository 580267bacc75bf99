use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::checksum::checksum;
use super::prefix::{Flags, GENERATIONS, MAGIC, VERSION};
use super::{Header, Kind, Sealer};

/// Why there are no bytes for an entry. It then stays in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SealError {
    /// The generation is not less than 2^53.
    Generation,
    /// There are more than 65,535 tags.
    Tags,
    /// A tag or a validator has more than 65,535 bytes.
    Text,
    /// The value has 4 GiB or more.
    Value,
    /// A tombstone has a value.
    Tombstone,
}

impl Sealer {
    /// The bytes of an entry, for this key.
    pub(crate) fn seal(
        &self,
        key: &str,
        header: &Header,
        format: u8,
        value: &[u8],
    ) -> Result<Bytes, SealError> {
        if header.kind == Kind::Tombstone && !value.is_empty() {
            return Err(SealError::Tombstone);
        }
        let (value, compressed) = self.compressed(value);
        let length = length(value.len())?;
        let flags = Flags { kind: header.kind, compressed, signed: self.signs() };
        let mut bytes = Vec::with_capacity(room(header).saturating_add(value.len()));
        bytes.extend(MAGIC);
        bytes.extend([VERSION, flags.to_byte()]);
        bytes.extend(generation(header)?.to_be_bytes());
        bytes.push(format);
        bytes.extend(self.schema.to_be_bytes());
        bytes.extend(header.created.as_millis().to_be_bytes());
        bytes.extend(millis(header.fresh_for).to_be_bytes());
        bytes.extend(millis(header.keep_for).to_be_bytes());
        let tags = u16::try_from(header.tags.len()).map_err(|_| SealError::Tags)?;
        bytes.extend(tags.to_be_bytes());
        for tag in &header.tags {
            text(&mut bytes, tag)?;
        }
        optional_text(&mut bytes, header.validators.etag.as_deref())?;
        optional_text(&mut bytes, header.validators.last_modified.as_deref())?;
        bytes.extend(length.to_be_bytes());
        bytes.extend_from_slice(&value);
        self.prove(key, &mut bytes);
        Ok(Bytes::from(bytes))
    }

    /// What is stored of a value, and whether it is compressed.
    #[cfg(feature = "lz4")]
    fn compressed<'a>(&self, value: &'a [u8]) -> (Cow<'a, [u8]>, bool) {
        let large = self.compressed_above.is_some_and(|threshold| value.len() > threshold);
        match large.then(|| super::compress::compress(value)).flatten() {
            Some(compressed) => (compressed.into(), true),
            None => (value.into(), false),
        }
    }

    #[cfg(not(feature = "lz4"))]
    #[expect(clippy::unused_self, reason = "there is nothing to configure")]
    fn compressed<'a>(&self, value: &'a [u8]) -> (Cow<'a, [u8]>, bool) {
        (value.into(), false)
    }

    /// Whether entries are signed.
    #[cfg(feature = "hmac")]
    pub(super) const fn signs(&self) -> bool {
        !self.keys.is_empty()
    }

    #[cfg(not(feature = "hmac"))]
    #[expect(clippy::unused_self, reason = "there is nothing to configure")]
    pub(super) const fn signs(&self) -> bool {
        false
    }

    /// Appends the proof.
    #[cfg(feature = "hmac")]
    fn prove(&self, key: &str, bytes: &mut Vec<u8>) {
        match self.keys.sign(key, bytes) {
            Some(signature) => bytes.extend(signature),
            None => bytes.extend(checksum(key, bytes)),
        }
    }

    #[cfg(not(feature = "hmac"))]
    #[expect(clippy::unused_self, reason = "there is nothing to configure")]
    fn prove(&self, key: &str, bytes: &mut Vec<u8>) {
        bytes.extend(checksum(key, bytes));
    }
}

/// How many bytes stand before and behind the value, or some more.
fn room(header: &Header) -> usize {
    /// All that has a length of its own, with the longer proof.
    const FIXED: usize = 41 + 3 + 3 + 4 + 16;

    let validators = [&header.validators.etag, &header.validators.last_modified];
    let validators = validators.into_iter().flatten().map(|text| text.len());
    let tags = header.tags.iter().map(|tag| tag.len().saturating_add(2));
    tags.chain(validators).fold(FIXED, usize::saturating_add)
}

fn generation(header: &Header) -> Result<u64, SealError> {
    let generation = header.generation.as_u64();
    if generation < GENERATIONS { Ok(generation) } else { Err(SealError::Generation) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn length(value: usize) -> Result<u32, SealError> {
    u32::try_from(value).map_err(|_| SealError::Value)
}

fn text(bytes: &mut Vec<u8>, text: &str) -> Result<(), SealError> {
    let length = u16::try_from(text.len()).map_err(|_| SealError::Text)?;
    bytes.extend(length.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}

fn optional_text(bytes: &mut Vec<u8>, optional: Option<&str>) -> Result<(), SealError> {
    bytes.push(u8::from(optional.is_some()));
    optional.map_or(Ok(()), |some| text(bytes, some))
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generation => "the generation of an entry is too large to be stored",
            Self::Tags => "an entry has too many tags to be stored",
            Self::Text => "a tag or a validator is too long to be stored",
            Self::Value => "a value is too large to be stored",
            Self::Tombstone => "a tombstone has a value",
        })
    }
}

impl Error for SealError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_value_has_less_than_four_gibibytes() {
        assert_eq!(length(4_294_967_295), Ok(u32::MAX));
        assert_eq!(length(4_294_967_296), Err(SealError::Value));
        assert_eq!(length(usize::MAX), Err(SealError::Value));
    }

    #[test]
    fn durations_are_cut_to_milliseconds_and_saturate() {
        assert_eq!(millis(Duration::from_nanos(1_999_999)), 1);
        assert_eq!(millis(Duration::from_nanos(999_999)), 0);
        assert_eq!(millis(Duration::MAX), u64::MAX);
    }
}
