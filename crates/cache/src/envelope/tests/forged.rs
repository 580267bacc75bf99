//! Bytes whose checksum holds although no sealer would write them.

use proptest::prelude::*;

use super::*;

/// An entry without tags and validators, and what it would have been but for one change.
fn body(kind: Kind, value: &[u8]) -> Vec<u8> {
    let bare = Header { tags: Vec::new(), validators: Validators::default(), ..header(kind) };
    let bytes = plain().seal(KEY, &bare, FORMAT, value).unwrap();
    bytes[..bytes.len() - 4].to_vec()
}

const FLAGS: usize = 3;
const GENERATION: usize = 4;
const TAGS: usize = 39;
const ETAG: usize = 41;
const LENGTH: usize = 43;

fn changed(at: usize, to: &[u8]) -> Result<Sealed, Undecodable> {
    let mut body = body(Kind::Value, b"hello");
    body[at..at + to.len()].copy_from_slice(to);
    open(&plain(), &forge(&body))
}

#[test]
fn without_a_change_it_is_an_entry() {
    assert_eq!(changed(FLAGS, &[0]).unwrap().value, "hello");
    assert_eq!(changed(FLAGS, &[1]).unwrap().header.kind, Kind::Expired);
}

#[test]
fn another_beginning_is_refused() {
    for (at, byte, reason) in [
        (0, b'b', Undecodable::Magic),
        (1, b'z', Undecodable::Magic),
        (2, 0, Undecodable::Version),
        (2, 2, Undecodable::Version),
    ] {
        assert_eq!(changed(at, &[byte]), Err(reason));
    }
}

#[test]
fn flags_and_kinds_that_are_not_known_are_refused() {
    for flags in [3, 7, 0x10, 0x20, 0x40, 0x80, 0xf0, 0xff] {
        assert_eq!(changed(FLAGS, &[flags]), Err(Undecodable::Header), "{flags}");
    }
}

#[test]
fn a_generation_that_a_script_cannot_hold_is_refused() {
    assert!(changed(GENERATION, &[0, 0x1f, 0xff]).is_ok());
    assert_eq!(changed(GENERATION, &[0, 0x20, 0, 0, 0, 0, 0, 0]), Err(Undecodable::Header));
    assert_eq!(changed(GENERATION, &[1]), Err(Undecodable::Header));
}

#[test]
fn tags_and_validators_that_are_not_there_are_refused() {
    for (at, to) in [
        (TAGS, &[0xff, 0xff][..]),
        (TAGS, &[0, 1]),
        (ETAG, &[2]),
        (ETAG, &[1]),
        (ETAG + 1, &[2]),
        (ETAG + 1, &[1]),
    ] {
        assert_eq!(changed(at, to), Err(Undecodable::Header), "{at} {to:?}");
    }
}

#[test]
fn a_value_is_exactly_as_long_as_announced() {
    for length in [0, 1, 4, 6, 9, u32::MAX] {
        assert_eq!(changed(LENGTH, &length.to_be_bytes()), Err(Undecodable::Header), "{length}");
    }
}

#[test]
fn a_tombstone_with_a_value_is_refused() {
    assert_eq!(changed(FLAGS, &[2]), Err(Undecodable::Header));
    let mut tombstone = body(Kind::Tombstone, b"");
    assert!(open(&plain(), &forge(&tombstone)).is_ok());
    tombstone[FLAGS] = 0b110;
    assert_eq!(open(&plain(), &forge(&tombstone)), Err(Undecodable::Header));
}

#[test]
fn bytes_that_end_anywhere_are_refused() {
    let body = body(Kind::Value, b"hello");
    for length in 0..body.len() {
        assert!(open(&plain(), &forge(&body[..length])).is_err(), "{length}");
    }
    assert_eq!(open(&plain(), b""), Err(Undecodable::Truncated));
    assert_eq!(open(&plain(), &body[..11]), Err(Undecodable::Truncated));
}

#[test]
fn a_block_that_announces_too_much_is_refused() {
    let mut bomb = body(Kind::Value, b"\xff\xff\xff\xff\x1fa\x01\0\x4b\x50aaaaa");
    bomb[FLAGS] = 0b100;
    assert_eq!(open(&plain(), &forge(&bomb)), Err(Undecodable::Compression));
}

proptest! {
    #[test]
    fn any_fields_are_an_entry_or_refused(
        flags in 0_u8..8,
        rest in prop::collection::vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..80),
    ) {
        let mut body = body(Kind::Value, b"");
        body.truncate(TAGS);
        body[FLAGS] = flags;
        body.extend(rest);
        // Whatever is understood is written as it was read.
        if let Ok(Sealed { header, value }) = open(&plain(), &forge(&body)) && flags & 4 == 0 {
            let again = plain().seal(KEY, &header, FORMAT, &value).unwrap();
            prop_assert_eq!(&again[..again.len() - 4], &body);
        }
    }

    #[test]
    fn any_block_is_a_value_or_refused(
        length in 0_u32..300,
        block in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let value = [&length.to_be_bytes()[..], &block].concat();
        let mut body = body(Kind::Value, &value);
        body[FLAGS] = 0b100;
        match open(&plain(), &forge(&body)) {
            Ok(sealed) => prop_assert_eq!(sealed.value.len(), length as usize),
            Err(reason) => prop_assert_eq!(reason, Undecodable::Compression),
        }
    }

    #[cfg(feature = "lz4")]
    #[test]
    fn a_changed_block_is_a_value_or_refused(
        (pattern, times) in (prop::collection::vec(any::<u8>(), 1..40), 4_usize..80),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let value = pattern.repeat(times);
        let sealer = plain().with_compression_above(0);
        let mut body = seal(&sealer, Kind::Value, &value).to_vec();
        body.truncate(body.len() - 4);
        prop_assume!(body[FLAGS] == 0b100);
        // Behind the tags, the validator, and the two lengths.
        let block = 41 + 7 + 7 + 8;
        for (position, byte) in changes {
            let position = block + position.index(body.len() - block);
            body[position] = byte;
        }
        match open(&plain(), &forge(&body)) {
            Ok(sealed) => prop_assert_eq!(sealed.value.len(), value.len()),
            Err(reason) => prop_assert_eq!(reason, Undecodable::Compression),
        }
    }
}
