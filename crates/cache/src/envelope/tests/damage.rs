//! Whatever happens to the bytes, they are refused.

use proptest::prelude::*;

use super::*;

#[test]
fn no_byte_can_be_changed() {
    for (sealer, bytes) in entries() {
        let mut damaged = bytes.to_vec();
        for position in 0..bytes.len() {
            for change in 1..=255 {
                damaged[position] ^= change;
                assert!(open(&sealer, &damaged).is_err(), "{sealer:?} {position} {change}");
                damaged[position] ^= change;
            }
        }
        assert!(open(&sealer, &damaged).is_ok());
    }
}

#[test]
fn no_end_can_be_cut_off_and_no_beginning() {
    for (sealer, bytes) in entries() {
        for cut in 0..bytes.len() {
            assert!(open(&sealer, &bytes[..cut]).is_err(), "{sealer:?} {cut}");
            assert!(open(&sealer, &bytes[bytes.len() - cut..]).is_err(), "{sealer:?} {cut}");
        }
    }
}

#[test]
fn nothing_can_be_appended() {
    for (sealer, bytes) in entries() {
        for byte in 0..=255 {
            for count in [1, 4, 16] {
                let longer = [&bytes[..], &vec![byte; count]].concat();
                assert!(open(&sealer, &longer).is_err(), "{sealer:?} {byte} {count}");
            }
        }
        assert!(open(&sealer, &[&bytes[..], &bytes].concat()).is_err());
    }
}

#[test]
fn an_entry_of_another_key_is_refused() {
    for (sealer, bytes) in entries() {
        let reason =
            if bytes[3] & 0b1000 == 0 { Undecodable::Checksum } else { Undecodable::Signature };
        for key in ["", "a", "a:", "a:2", "b:1", "a:1 ", "a:1B", "\u{e9}"] {
            assert_eq!(sealer.open(key, FORMAT, &bytes), Err(reason), "{key}");
        }
    }
}

#[test]
fn a_part_of_a_key_is_not_a_part_of_an_entry() {
    for sealer in sealers() {
        // With the key and the bytes only one behind the other, both would prove the same.
        let bytes = sealer.seal("a:1B", &header(Kind::Value), FORMAT, b"").unwrap();
        let moved = [b"B", &bytes[..]].concat();
        assert!(sealer.open("a:1", FORMAT, &Bytes::from(moved)).is_err());
    }
    assert_ne!(checksum("a:1B", b"Z"), checksum("a:1", b"BZ"));
}

#[test]
fn an_entry_of_another_format_is_refused() {
    for (sealer, bytes) in entries() {
        for format in (0..=255).filter(|format| *format != FORMAT) {
            assert_eq!(sealer.open(KEY, format, &bytes), Err(Undecodable::Format));
        }
    }
}

#[test]
fn an_entry_of_another_schema_is_refused() {
    for schema in [0, 0x0303, 0x0403, 0x0004, 0x0300, u16::MAX] {
        let bytes = seal(&Sealer::new(schema), Kind::Value, b"hello");
        assert_eq!(open(&plain(), &bytes), Err(Undecodable::Schema), "{schema}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for sealer in sealers() {
            prop_assert!(open(&sealer, &bytes).is_err());
        }
    }

    #[test]
    fn any_bytes_that_begin_as_an_entry_are_refused(
        flags in 0_u8..16,
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = [&b"BZ\x01"[..], &[flags], &rest].concat();
        for sealer in sealers() {
            prop_assert!(open(&sealer, &bytes).is_err());
        }
    }
}
