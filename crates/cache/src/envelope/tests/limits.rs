//! What cannot be stored, and what is not worth compressing.

use super::super::SealError;
use super::*;

fn refused(change: impl FnOnce(&mut Header)) -> Option<SealError> {
    let mut header = header(Kind::Value);
    change(&mut header);
    let sealed = plain().seal(KEY, &header, FORMAT, b"");
    if let Ok(bytes) = &sealed {
        assert_eq!(open(&plain(), bytes).unwrap().header, header);
    }
    sealed.err()
}

fn long(length: usize) -> Box<str> {
    "x".repeat(length).into()
}

#[test]
fn a_generation_is_less_than_two_to_the_fifty_third() {
    let generation = |number| refused(|header| header.generation = Generation::from_u64(number));
    assert_eq!(generation(9_007_199_254_740_991), None);
    assert_eq!(generation(9_007_199_254_740_992), Some(SealError::Generation));
    assert_eq!(generation(u64::MAX), Some(SealError::Generation));
}

#[test]
fn tags_are_counted_in_two_bytes() {
    let tags = |count| refused(|header| header.tags = vec!["".into(); count]);
    assert_eq!(tags(65_535), None);
    assert_eq!(tags(65_536), Some(SealError::Tags));
}

#[test]
fn a_tag_or_a_validator_is_measured_in_two_bytes() {
    for (length, expected) in [(65_535, None), (65_536, Some(SealError::Text))] {
        assert_eq!(refused(|header| header.tags = vec![long(length)]), expected);
        assert_eq!(refused(|header| header.validators.etag = Some(long(length))), expected);
        assert_eq!(
            refused(|header| header.validators.last_modified = Some(long(length))),
            expected
        );
    }
}

#[test]
fn a_tombstone_has_no_value() {
    for sealer in sealers() {
        let sealed = sealer.seal(KEY, &header(Kind::Tombstone), FORMAT, &[b'a'; 40]);
        assert_eq!(sealed, Err(SealError::Tombstone));
    }
}

#[cfg(feature = "lz4")]
#[test]
fn only_what_is_longer_than_the_threshold_and_becomes_smaller_is_compressed() {
    let is_compressed = |threshold, value: &[u8]| {
        let sealer = plain().with_compression_above(threshold);
        let bytes = seal(&sealer, Kind::Value, value);
        assert_eq!(open(&plain(), &bytes).unwrap().value, value);
        bytes[3] & 0b100 != 0
    };
    assert!(!is_compressed(40, &[b'a'; 40]));
    assert!(is_compressed(40, &[b'a'; 41]));
    assert!(is_compressed(0, &[b'a'; 41]));
    assert!(!is_compressed(0, &(0..=255).collect::<Vec<u8>>()));
    assert!(!is_compressed(0, b""));
    assert!(seal(&plain(), Kind::Value, &[b'a'; 41]).len() > 41);
}

#[test]
fn a_sealer_compresses_nothing_unless_told() {
    assert_eq!(seal(&plain(), Kind::Value, &vec![b'a'; 100_000])[3], 0);
}

#[test]
fn every_reason_has_a_label_of_its_own() {
    let reasons = [
        (Undecodable::Truncated, "truncated"),
        (Undecodable::Magic, "magic"),
        (Undecodable::Version, "version"),
        (Undecodable::Checksum, "checksum"),
        (Undecodable::Signature, "signature"),
        (Undecodable::Format, "format"),
        (Undecodable::Schema, "schema"),
        (Undecodable::Header, "header"),
        (Undecodable::Compression, "compression"),
        (Undecodable::Value, "value"),
    ];
    for (reason, label) in reasons {
        assert_eq!(reason.as_str(), label);
    }
}
