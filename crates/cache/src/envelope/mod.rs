//! The bytes of an entry in the second level.
//!
//! Numbers are big-endian, durations and times in milliseconds. A text is its length in two bytes
//! and then UTF-8.
//!
//! | Bytes   | What stands there                                                                |
//! |---------|----------------------------------------------------------------------------------|
//! | 0..2    | `BZ`                                                                             |
//! | 2       | the version of this layout: 1                                                    |
//! | 3       | the kind: 0 a value, 1 an expired value, 2 a tombstone; 4 more if it is compressed, 8 more if it is signed |
//! | 4..12   | the generation, less than 2^53                                                   |
//! | 12      | the codec's format                                                               |
//! | 13..15  | the schema                                                                       |
//! | 15..23  | when it was created                                                              |
//! | 23..31  | how long it is fresh                                                             |
//! | 31..39  | how long it is kept                                                              |
//! | 39..41  | how many tags there are                                                          |
//! | then    | the tags, each a text                                                            |
//! |         | the entity tag: 0, or 1 and a text                                               |
//! |         | the time of the last modification: 0, or 1 and a text                            |
//! | 4 bytes | the length of what follows up to the proof                                       |
//! |         | the value; if compressed, its length in four bytes and then an LZ4 block         |
//! | the end | the proof: a CRC-32, or if signed the first 16 bytes of an HMAC-SHA-256          |
//!
//! The proof is of the length of the key in eight bytes, the key, and all that stands before the
//! proof. So it holds for no other key: what was copied from there is refused. The CRC-32 finds
//! accidents; only the signature holds against somebody who may write to the store, and not against
//! an older entry of the same key that is put back.
//!
//! The first 12 bytes can be read without the rest: the script in Redis that compares generations
//! does so.

mod checksum;
mod compress;
mod fields;
mod header;
mod open;
mod prefix;
mod seal;
mod sealer;
#[cfg(feature = "hmac")]
mod sign;
#[cfg(test)]
mod tests;
mod undecodable;

pub(crate) use header::{Header, Kind};
#[cfg(test)]
pub(crate) use open::Sealed;
pub(crate) use prefix::generation_of;
#[cfg(test)]
pub(crate) use seal::SealError;
pub(crate) use sealer::Sealer;
pub use undecodable::Undecodable;
