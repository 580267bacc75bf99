//! The bytes of a stored response in the second level.
//!
//! Numbers are big-endian, durations in nanoseconds: 584 years and whatever is longer are the same.
//! A name is its length in two bytes and then a field name in lower case; a text is its length in
//! four bytes and then what it says.
//!
//! | Bytes   | What stands there                                                                |
//! |---------|----------------------------------------------------------------------------------|
//! | 0       | the version of this layout: 1                                                    |
//! | 1       | the kind: 0 a response, 1 an index of variants                                   |
//!
//! Of a response:
//!
//! | Bytes   | What stands there                                                                |
//! |---------|----------------------------------------------------------------------------------|
//! | 2       | 1 if it is always validated, 2 more if it is validated when stale, 4 more if it is immutable, 8 more if it has trailers |
//! | 3..5    | the status                                                                       |
//! | 5..13   | how long it is fresh, from its generation on                                     |
//! | 13..21  | how old it was when its header section came                                      |
//! | 21..29  | how long it may be stale while it is fetched anew                                |
//! | 29..37  | how long it may stand in place of an error                                       |
//! | 37..45  | how long it is kept, from its generation on                                      |
//! | 45..53  | how old it was when its entry was created                                        |
//! | 53..61  | when its header section came: nanoseconds since 1970                             |
//! | 61..63  | how many fields are not stored                                                   |
//! | then    | the names of these                                                               |
//! |         | the header section                                                               |
//! |         | the body, a text                                                                 |
//! |         | the trailer section, if there is one                                             |
//!
//! A section is the number of its fields in four bytes, and each field its name and its value: a
//! text with 2^31 more than its length if it is not to be indexed by a compression of fields (RFC
//! 7541, section 7.1.3).
//!
//! Of an index:
//!
//! | Bytes   | What stands there                                                                |
//! |---------|----------------------------------------------------------------------------------|
//! | 2..10   | its number, which is part of the keys of its variants                            |
//! | 10      | 0; or 1, if its variants are stale that stand under an earlier number            |
//! | then    | if so, that number in eight bytes, and how long they had been stale              |
//! | 1 byte  | how many specs there are                                                         |
//! | then    | the specs, each the number of its names in two bytes and the names in their order |
//! | 4 bytes | how many variants there are                                                      |
//! | then    | the variants, each a text that selects it, and 0; or 1, a text with its language and a text of what else selects it |
//!
//! What has another version is not read, so that instances of two versions miss what the other has
//! stored, and overwrite it.

mod decode;
mod encode;
mod fields;
#[cfg(test)]
mod tests;
mod unreadable;

use decode::decode;
use encode::{Unsayable, encode};
use unreadable::Unreadable;

use super::Slot;
use crate::{Codec, CodecError};

/// Turns what stands under a key into bytes and back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire;

const VERSION: u8 = 1;

/// What the second byte says.
mod kind {
    pub(super) const RESPONSE: u8 = 0;
    pub(super) const INDEX: u8 = 1;
}

/// What the third byte of a response says.
mod flag {
    pub(super) const VALIDATED_ALWAYS: u8 = 1;
    pub(super) const VALIDATED_WHEN_STALE: u8 = 1 << 1;
    pub(super) const IMMUTABLE: u8 = 1 << 2;
    pub(super) const TRAILERS: u8 = 1 << 3;
    pub(super) const ALL: u8 = (1 << 4) - 1;
}

/// Added to the length of a value that is not to be indexed.
const SENSITIVE: u32 = 1 << 31;

impl Codec<Slot> for Wire {
    const FORMAT: u8 = 4;

    fn encode(&self, value: &Slot, into: &mut Vec<u8>) -> Result<(), CodecError> {
        let before = into.len();
        encode(value, into).map_err(|Unsayable| {
            into.truncate(before);
            CodecError::new(Unsayable)
        })
    }

    fn decode(&self, bytes: &[u8]) -> Result<Slot, CodecError> {
        decode(bytes).map_err(CodecError::new)
    }
}
