use std::time::Duration;

use bytes::Bytes;

use super::checksum::checksum;
use super::compress::decompress;
use super::fields::Fields;
use super::prefix::{Flags, Prefix};
use super::{Header, Kind, Sealer, Undecodable};
use crate::entry::Validators;
use crate::store::StoreTime;

/// What an entry's bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) header: Header,
    /// For the codec. Shares the bytes that were opened, unless it was compressed; of a tombstone
    /// there is nothing.
    pub(crate) value: Bytes,
}

impl Sealer {
    /// The entry of these bytes, if they were sealed for this key, in this format.
    pub(crate) fn open(&self, key: &str, format: u8, bytes: &Bytes) -> Result<Sealed, Undecodable> {
        let prefix = Prefix::read(bytes)?;
        let flags = Flags::from_byte(prefix.flags).ok_or(Undecodable::Header)?;
        let mut fields = Fields::new(self.proved(key, flags.signed, bytes)?);
        fields.skip(Prefix::LEN)?;
        if fields.u8()? != format {
            return Err(Undecodable::Format);
        }
        if fields.u16()? != self.schema {
            return Err(Undecodable::Schema);
        }
        let header = Header {
            generation: prefix.generation().ok_or(Undecodable::Header)?,
            kind: flags.kind,
            created: StoreTime::from_millis(fields.u64()?),
            fresh_for: Duration::from_millis(fields.u64()?),
            keep_for: Duration::from_millis(fields.u64()?),
            tags: fields.texts()?,
            validators: Validators {
                etag: fields.optional_text()?,
                last_modified: fields.optional_text()?,
            },
        };
        let length = fields.u32()?;
        let stored = fields.rest();
        if u32::try_from(stored.len()) != Ok(length) {
            return Err(Undecodable::Header);
        }
        if flags.kind == Kind::Tombstone && (flags.compressed || !stored.is_empty()) {
            return Err(Undecodable::Header);
        }
        let value = if flags.compressed {
            Bytes::from(decompress(stored)?)
        } else {
            bytes.slice_ref(stored)
        };
        Ok(Sealed { header, value })
    }

    /// All but the proof, if it holds.
    fn proved<'a>(
        &self,
        key: &str,
        signed: bool,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], Undecodable> {
        // Neither may stand for the other: whoever cannot sign would write a checksum.
        if signed != self.signs() {
            return Err(Undecodable::Signature);
        }
        #[cfg(feature = "hmac")]
        if signed {
            let (bytes, signature) = bytes.split_last_chunk().ok_or(Undecodable::Truncated)?;
            let holds = self.keys.accept(key, bytes, signature);
            return if holds { Ok(bytes) } else { Err(Undecodable::Signature) };
        }
        let (bytes, expected) = bytes.split_last_chunk().ok_or(Undecodable::Truncated)?;
        if checksum(key, bytes) == *expected { Ok(bytes) } else { Err(Undecodable::Checksum) }
    }
}
