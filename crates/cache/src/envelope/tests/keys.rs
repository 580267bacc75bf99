//! Who signs, and whose signature is accepted.

use super::*;

#[test]
fn what_says_that_it_is_signed_is_refused_where_nothing_is() {
    let mut bytes = seal(&plain(), Kind::Value, b"hello").to_vec();
    bytes[3] |= 0b1000;
    let body = bytes.len() - 4;
    assert_eq!(open(&plain(), &bytes), Err(Undecodable::Signature));
    assert_eq!(open(&plain(), &forge(&bytes[..body])), Err(Undecodable::Signature));
}

#[cfg(feature = "hmac")]
mod signed {
    use super::*;

    fn signing(key: &[u8]) -> Sealer {
        plain().with_hmac(key)
    }

    fn opens(opener: &Sealer, sealer: &Sealer) -> bool {
        match open(opener, &seal(sealer, Kind::Value, b"hello")) {
            Ok(entry) => entry.value == "hello",
            Err(reason) => {
                assert_eq!(reason, Undecodable::Signature);
                false
            }
        }
    }

    #[test]
    fn signed_and_unsigned_entries_do_not_pass_for_each_other() {
        assert!(!opens(&signing(b"one"), &plain()));
        assert!(!opens(&plain(), &signing(b"one")));
    }

    #[test]
    fn a_checksum_is_no_signature() {
        let mut body = seal(&plain(), Kind::Value, b"hello").to_vec();
        body.truncate(body.len() - 4);
        body[3] |= 0b1000;
        assert_eq!(open(&signing(b"one"), &forge(&body)), Err(Undecodable::Signature));
        let padded = [&body[..], &[0; 12], &checksum(KEY, &body)].concat();
        assert_eq!(open(&signing(b"one"), &padded), Err(Undecodable::Signature));
    }

    #[test]
    fn another_key_is_refused() {
        assert!(opens(&signing(b"one"), &signing(b"one")));
        assert!(!opens(&signing(b"one"), &signing(b"two")));
        assert!(!opens(&signing(b"one"), &signing(b"onf")));
        assert!(!opens(&signing(b"one"), &signing(b"")));
    }

    #[test]
    fn a_key_is_changed_while_both_are_accepted() {
        let old = signing(b"old");
        let both = signing(b"new").with_hmac_also(b"old");
        let new = signing(b"new");
        assert!(opens(&both, &old));
        assert!(opens(&both, &new));
        assert!(opens(&new, &both));
        assert!(!opens(&old, &both));
        assert!(!opens(&new, &old));
        assert!(!opens(&both, &signing(b"other")));
        assert!(!opens(&both, &plain()));
    }

    #[test]
    fn the_key_that_signs_is_the_same_in_whatever_order_keys_are_given() {
        let also_first = plain().with_hmac_also(b"old").with_hmac_also(b"older").with_hmac(b"new");
        assert!(opens(&signing(b"new"), &also_first));
        assert!(opens(&also_first, &signing(b"old")));
        assert!(opens(&also_first, &signing(b"older")));
    }

    #[test]
    fn an_accepted_key_signs_if_it_is_the_only_one() {
        let only = plain().with_hmac_also(b"one");
        assert!(opens(&signing(b"one"), &only));
        assert!(!opens(&only, &plain()));
    }

    #[test]
    fn a_signature_of_which_any_byte_differs_is_refused() {
        let sealer = signing(b"one");
        let bytes = seal(&sealer, Kind::Value, b"hello");
        for position in bytes.len() - 16..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[position] ^= 1;
            assert_eq!(open(&sealer, &damaged), Err(Undecodable::Signature));
        }
        assert_eq!(open(&sealer, &bytes[..14]), Err(Undecodable::Truncated));
    }

    #[test]
    fn keys_are_not_shown() {
        assert!(!format!("{:?}", signing(b"secret")).contains("secret"));
    }
}
