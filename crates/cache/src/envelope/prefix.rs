use super::{Kind, Undecodable};
use crate::Generation;

pub(super) const MAGIC: [u8; 2] = *b"BZ";
pub(super) const VERSION: u8 = 1;

/// Generations end here: up to 2^53 a double, which is all that Lua has, holds every integer.
pub(super) const GENERATIONS: u64 = 1 << 53;

/// The generation that an entry's bytes begin with; none unless they begin as an entry of this
/// version, are long enough to have one, and it is less than 2^53.
///
/// The script in Redis reads it in the same way, without the proof at the end. So neither finds
/// damage in the generation itself: whoever gets such bytes learns of it when they are opened.
pub(crate) fn generation_of(bytes: &[u8]) -> Option<Generation> {
    Prefix::read(bytes).ok().and_then(|prefix| prefix.generation())
}

/// What stands at the same place in every version.
pub(super) struct Prefix {
    pub(super) flags: u8,
    pub(super) generation: u64,
}

impl Prefix {
    pub(super) const LEN: usize = 12;

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Undecodable> {
        let Some((&[b, z, version, flags, ref generation @ ..], _)) =
            bytes.split_first_chunk::<{ Self::LEN }>()
        else {
            return Err(Undecodable::Truncated);
        };
        if [b, z] != MAGIC {
            return Err(Undecodable::Magic);
        }
        if version != VERSION {
            return Err(Undecodable::Version);
        }
        Ok(Self { flags, generation: u64::from_be_bytes(*generation) })
    }

    pub(super) fn generation(&self) -> Option<Generation> {
        (self.generation < GENERATIONS).then(|| Generation::from_u64(self.generation))
    }
}

/// The fourth byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) kind: Kind,
    pub(super) compressed: bool,
    pub(super) signed: bool,
}

const KIND: u8 = 0b0000_0011;
const COMPRESSED: u8 = 0b0000_0100;
const SIGNED: u8 = 0b0000_1000;

impl Flags {
    pub(super) const fn to_byte(self) -> u8 {
        let kind = match self.kind {
            Kind::Value => 0,
            Kind::Expired => 1,
            Kind::Tombstone => 2,
        };
        let compressed = if self.compressed { COMPRESSED } else { 0 };
        let signed = if self.signed { SIGNED } else { 0 };
        kind | compressed | signed
    }

    pub(super) const fn from_byte(byte: u8) -> Option<Self> {
        if byte & !(KIND | COMPRESSED | SIGNED) != 0 {
            return None;
        }
        let kind = match byte & KIND {
            0 => Kind::Value,
            1 => Kind::Expired,
            2 => Kind::Tombstone,
            _ => return None,
        };
        Some(Self { kind, compressed: byte & COMPRESSED != 0, signed: byte & SIGNED != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: [u8; 12] = [b'B', b'Z', 1, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34];

    fn generation(bytes: [u8; 8]) -> Option<u64> {
        let mut prefix = PREFIX;
        prefix[4..].copy_from_slice(&bytes);
        generation_of(&prefix).map(Generation::as_u64)
    }

    #[test]
    fn a_generation_stands_in_twelve_bytes_whatever_follows() {
        let expected = Some(Generation::from_u64(0x1234));
        assert_eq!(generation_of(&PREFIX), expected);
        assert_eq!(generation_of(&[&PREFIX[..], b"anything"].concat()), expected);
        for length in 0..PREFIX.len() {
            assert_eq!(generation_of(&PREFIX[..length]), None, "{length}");
        }
    }

    #[test]
    fn bytes_that_begin_otherwise_have_no_generation() {
        for position in 0..3 {
            for change in 1..=255 {
                let mut bytes = PREFIX;
                bytes[position] ^= change;
                assert_eq!(generation_of(&bytes), None, "{position} {change}");
            }
        }
    }

    #[test]
    fn generations_end_before_two_to_the_fifty_third() {
        assert_eq!(generation([0; 8]), Some(0));
        assert_eq!(generation([0, 0x1f, 0, 0, 0, 0, 0x12, 0x34]), Some(0x001f_0000_0000_1234));
        let last = [0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(generation(last), Some(9_007_199_254_740_991));
        assert_eq!(generation([0, 0x20, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(generation([1, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(generation([0xff; 8]), None);
    }

    #[test]
    fn flags_that_are_not_known_are_refused() {
        let known = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14];
        for byte in 0..=255 {
            let flags = Flags::from_byte(byte);
            assert_eq!(flags.is_some(), known.contains(&byte), "{byte}");
            assert!(flags.is_none_or(|flags| flags.to_byte() == byte), "{byte}");
        }
    }

    #[test]
    fn flags_stand_where_the_layout_says() {
        let flags = |kind, compressed, signed| Flags { kind, compressed, signed }.to_byte();
        assert_eq!(flags(Kind::Value, false, false), 0);
        assert_eq!(flags(Kind::Expired, true, false), 0b0101);
        assert_eq!(flags(Kind::Tombstone, false, true), 0b1010);
    }
}
