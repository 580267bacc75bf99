use super::Undecodable;

/// No value is compressed that is larger, and none is decompressed.
#[cfg(feature = "lz4")]
const LARGEST: usize = 64 << 20;

/// What a value becomes; none where it would not become smaller.
#[cfg(feature = "lz4")]
pub(super) fn compress(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() > LARGEST {
        return None;
    }
    let length = u32::try_from(value.len()).ok()?;
    let block = lz4_flex::block::compress(value);
    let compressed = [&length.to_be_bytes()[..], &block].concat();
    (compressed.len() < value.len()).then_some(compressed)
}

/// The value, if it has the length that it should have.
#[cfg(feature = "lz4")]
pub(super) fn decompress(compressed: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let (length, block) = length_of(compressed).ok_or(Undecodable::Compression)?;
    let mut value = vec![0; length];
    match lz4_flex::block::decompress_into(block, &mut value) {
        Ok(written) if written == length => Ok(value),
        _ => Err(Undecodable::Compression),
    }
}

#[cfg(not(feature = "lz4"))]
pub(super) const fn decompress(_compressed: &[u8]) -> Result<Vec<u8>, Undecodable> {
    Err(Undecodable::Compression)
}

/// How long the value should be, and its block. Asked before room is made: none if a block of
/// this length cannot become as much.
#[cfg(feature = "lz4")]
fn length_of(compressed: &[u8]) -> Option<(usize, &[u8])> {
    /// A byte of a block adds this to the length of a literal or a match at most.
    const PER_BYTE: usize = 255;

    let (length, block) = compressed.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let possible = block.len().saturating_mul(PER_BYTE).min(LARGEST);
    (length <= possible).then_some((length, block))
}

#[cfg(all(test, feature = "lz4"))]
mod tests {
    use super::*;

    /// One `a`, a match of 94 at distance 1, and five more, as they end every block.
    const BLOCK: &[u8] = b"\x1fa\x01\0\x4b\x50aaaaa";

    fn announcing(length: u32, block: &[u8]) -> Vec<u8> {
        [&length.to_be_bytes()[..], block].concat()
    }

    #[test]
    fn reads_a_block_that_the_format_describes() {
        assert_eq!(decompress(&announcing(100, BLOCK)).unwrap(), [b'a'; 100]);
    }

    #[test]
    fn a_value_of_another_length_than_announced_is_refused() {
        for length in (0..=2_805).filter(|length| *length != 100) {
            let compressed = announcing(length, BLOCK);
            assert_eq!(decompress(&compressed), Err(Undecodable::Compression), "{length}");
        }
    }

    #[test]
    fn more_than_a_block_can_become_is_refused_before_room_is_made() {
        for (block, possible) in [(0, 0), (1, 255), (11, 2_805), (263_172, 67_108_860)] {
            let block = vec![0; block];
            let allows = |length| length_of(&announcing(length, &block)).is_some();
            assert!(allows(possible), "{possible}");
            assert!(!allows(possible + 1), "{possible}");
            assert!(!allows(u32::MAX), "{possible}");
        }
    }

    #[test]
    fn no_value_becomes_larger_than_64_mebibytes() {
        let block = vec![0; 1 << 20];
        assert!(length_of(&announcing(67_108_864, &block)).is_some());
        assert!(length_of(&announcing(67_108_865, &block)).is_none());
        assert!(compress(&vec![0; 67_108_865]).is_none());
    }

    #[test]
    fn blocks_that_are_cut_off_or_reach_back_too_far_are_refused() {
        let reaching = b"\x1fa\x02\0\x4b\x50aaaaa";
        let nowhere = b"\x1fa\0\0\x4b\x50aaaaa";
        for block in [reaching, nowhere] {
            assert_eq!(decompress(&announcing(100, block)), Err(Undecodable::Compression));
        }
        for length in 0..BLOCK.len() {
            let compressed = announcing(100, &BLOCK[..length]);
            assert_eq!(decompress(&compressed), Err(Undecodable::Compression), "{length}");
        }
        for length in 0..4 {
            let compressed = &announcing(0, &[])[..length];
            assert_eq!(decompress(compressed), Err(Undecodable::Compression), "{length}");
        }
    }

    #[test]
    fn what_would_not_become_smaller_stays_as_it_is() {
        assert_eq!(compress(b""), None);
        assert_eq!(compress(b"a"), None);
        assert_eq!(compress(&(0..=255).collect::<Vec<u8>>()), None);
        let compressed = compress(&[b'a'; 100]).unwrap();
        assert!(compressed.len() < 100);
        assert_eq!(decompress(&compressed).unwrap(), [b'a'; 100]);
        // Whatever is as long as before is not worth a compression.
        for length in 1..40 {
            let compressed = compress(&vec![b'a'; length]);
            assert!(compressed.is_none_or(|compressed| compressed.len() < length), "{length}");
        }
    }
}
