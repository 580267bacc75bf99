//! Whatever the bytes are: a value or an error, and never more room than they need.

use proptest::prelude::*;

use super::*;

#[test]
fn no_end_can_be_cut_off_and_nothing_appended() {
    for slot in slots() {
        let bytes = bytes_of(&slot);
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]).unwrap_err(), Unreadable::Short, "{cut}");
        }
        for more in [&b"\0"[..], b"\x01", &bytes] {
            assert_eq!(read(&[&bytes, more].concat()).unwrap_err(), Unreadable::Long);
        }
    }
}

#[test]
fn a_changed_byte_makes_an_error_or_another_value() {
    let mut others = 0;
    for slot in slots() {
        let bytes = bytes_of(&slot);
        let mut damaged = bytes.clone();
        for position in 0..bytes.len() {
            for change in 1..=255 {
                damaged[position] ^= change;
                if let Ok(other) = read(&damaged) {
                    // What is read has those bytes, so it is not what was written.
                    assert_eq!(bytes_of(&other), damaged, "{position} {change}");
                    others += 1;
                }
                damaged[position] ^= change;
            }
        }
    }
    assert!(others > 0);
}

#[test]
fn what_is_announced_and_not_there_makes_no_room() {
    // Each would take gigabytes.
    let response = bytes_of(&slots()[0]);
    let head = &response[..61];
    for rest in [&b"\xff\xff"[..], b"\0\0\xff\xff\xff\xff", b"\0\0\0\0\0\0\xff\xff\xff\xff"] {
        assert_eq!(read(&[head, rest].concat()).unwrap_err(), Unreadable::Short);
    }
    let long = b"\0\0\0\0\0\x01\0\x01a\xff\xff\xff\xff";
    assert_eq!(read(&[head, long].concat()).unwrap_err(), Unreadable::Short);
    for rest in [&b"\xff\xff\xff"[..], b"\0\xff\xff\xff\xff", b"\0\0\0\0\x01\xff\xff\xff\xff"] {
        let bytes = [b"\x01\x01\0\0\0\0\0\0\0\0\0", rest].concat();
        assert_eq!(read(&bytes).unwrap_err(), Unreadable::Short);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for start in [&b""[..], b"\x01\0", b"\x01\x01"] {
            let bytes = [start, &bytes].concat();
            if let Ok(slot) = read(&bytes) {
                let again = bytes_of(&slot);
                prop_assert_eq!(said(&read(&again).unwrap()), said(&slot));
            }
        }
    }
}
