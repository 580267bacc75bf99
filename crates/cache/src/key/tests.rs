use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::{Encoded, Key, KeyPart, KeyParts};

fn text<Q: KeyParts + ?Sized>(key: &Q) -> String {
    Key::of(key).as_str().to_owned()
}

#[test]
fn ordinary_identifiers_stand_as_they_are_joined_by_colons() {
    assert_eq!(text(&("loc_1", "wf_2")), "loc_1:wf_2");
    assert_eq!(text("loc_1"), "loc_1");
    assert_eq!(text(&("a-b.c~d/e", 7_u8, -7_i64, true, false)), "a-b.c~d/e:7:-7:true:false");
    assert_eq!(text(&("é", "\u{1f600}")), "é:\u{1f600}");
    assert_eq!(text(&(1, 2, 3, 4, 5, 6)), "1:2:3:4:5:6");
    assert_eq!(text(&(u128::MAX, i128::MIN)), format!("{}:{}", u128::MAX, i128::MIN));
}

#[test]
fn what_has_a_meaning_is_written_in_hexadecimal_digits() {
    assert_eq!(text("a:b"), "a%3ab");
    assert_eq!(text("100%"), "100%25");
    assert_eq!(text("{x}"), "%7bx%7d");
    assert_eq!(text("\0\n\u{1f} \u{7f}"), "%00%0a%1f %7f");
    assert_eq!(text(&("", "")), ":");
    assert_eq!(text(&("", "", "")), "::");
    assert_eq!(text(""), "");
}

#[test]
fn every_byte_is_found_to_be_reserved_or_not_at_every_place_of_a_word() {
    for byte in 0..=0x7f_u8 {
        let reserved = byte < 0x20 || byte == 0x7f || b":%{}".contains(&byte);
        for place in 0..20 {
            let mut plain = vec![b'a'; 20];
            plain[place] = byte;
            let plain = String::from_utf8(plain).unwrap();
            let escaped = format!("%{byte:02x}");
            let expected =
                if reserved { plain.replace(char::from(byte), &escaped) } else { plain.clone() };
            assert_eq!(text(plain.as_str()), expected, "{byte:#x} at {place}");
        }
    }
}

#[test]
fn all_forms_of_a_text_write_the_same() {
    fn one<P: KeyPart>(part: P) {
        assert_eq!(text(&(part, 1)), "a%3a:1");
    }
    one("a:");
    let owned = String::from("a:");
    one(&owned);
    one(owned);
    one(Box::<str>::from("a:"));
    one(Arc::<str>::from("a:"));
    one(Rc::<str>::from("a:"));
    one(Cow::Borrowed("a:"));
}

#[test]
fn a_key_is_kept_as_it_is_looked_for() {
    use std::borrow::Borrow;
    use std::hash::{BuildHasher, RandomState};
    let hasher = RandomState::new();
    for length in [0, 1, 35, 36, 37, 95, 96, 97, 200] {
        let long = "x".repeat(length);
        let mut encoded = Encoded::new();
        let written = encoded.write(&long);
        let key = Key::of(&long);
        assert_eq!(key, Key::from_text(&long));
        assert_eq!(Borrow::<[u8]>::borrow(&key), written);
        assert_eq!(hasher.hash_one(&key), hasher.hash_one(written));
    }
}

#[test]
fn what_is_reserved_is_escaped_wherever_it_stands_and_nothing_else_is() {
    for length in 1..=24 {
        for at in 0..length {
            for byte in 0..=0x7f_u8 {
                let mut plain = vec![b'x'; length];
                plain[at] = byte;
                let reserved = byte < 0x20 || byte == 0x7f || b":%{}".contains(&byte);
                let middle =
                    if reserved { format!("%{byte:02x}") } else { char::from(byte).to_string() };
                let expected = format!("{}{middle}{}", "x".repeat(at), "x".repeat(length - at - 1));
                let plain = String::from_utf8(plain).unwrap();
                assert_eq!(text(&plain), expected, "{byte} at {at} of {length}");
            }
        }
    }
}

#[test]
fn keys_of_every_length_are_written_whole_and_found_again() {
    for length in 0..400 {
        let plain = "0123456789".repeat(40)[..length].to_owned();
        assert_eq!(text(&plain), plain);
        for at in (0..=length).step_by(7) {
            let (one, other) = plain.split_at(at);
            let joined = format!("{one}:{other}");
            assert_eq!(text(&(one, other)), joined);
            let key = Key::of(&(one, other));
            assert_eq!(key.as_bytes(), joined.as_bytes());
            assert_eq!(key.as_str(), joined);
            assert_eq!(key, Key::from_text(&joined));
        }
    }
}
