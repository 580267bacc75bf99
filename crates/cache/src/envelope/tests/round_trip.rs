//! What is sealed is what is opened.

use proptest::option;
use proptest::prelude::*;

use super::*;

fn headers() -> impl Strategy<Value = Header> {
    let text = || ".{0,12}".prop_map(Box::<str>::from);
    let kind = prop_oneof![Just(Kind::Value), Just(Kind::Expired), Just(Kind::Tombstone)];
    let times = (any::<u64>(), any::<u64>(), any::<u64>());
    let tags = prop::collection::vec(text(), 0..5);
    (0..1_u64 << 53, kind, times, tags, option::of(text()), option::of(text())).prop_map(
        |(generation, kind, (created, fresh_for, keep_for), tags, etag, last_modified)| Header {
            generation: Generation::from_u64(generation),
            kind,
            created: StoreTime::from_millis(created),
            fresh_for: Duration::from_millis(fresh_for),
            keep_for: Duration::from_millis(keep_for),
            tags,
            validators: Validators { etag, last_modified },
        },
    )
}

/// Values that compress, and values that do not.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![bytes(), (bytes(), 1_usize..40).prop_map(|(bytes, times)| bytes.repeat(times))]
}

proptest! {
    #[test]
    fn what_is_sealed_is_opened(
        header in headers(),
        value in values(),
        key in ".{0,20}",
        format: u8,
        schema: u16,
    ) {
        let value = if header.kind == Kind::Tombstone { Vec::new() } else { value };
        for mut sealer in sealers() {
            sealer.schema = schema;
            let bytes = sealer.seal(&key, &header, format, &value).unwrap();
            prop_assert_eq!(super::super::generation_of(&bytes), Some(header.generation));
            let sealed = sealer.open(&key, format, &bytes).unwrap();
            prop_assert_eq!(&sealed.header, &header);
            prop_assert_eq!(&sealed.value[..], &value[..]);
        }
    }

    #[test]
    fn any_change_is_refused(
        header in headers(),
        value in values(),
        position: prop::sample::Index,
        change in 1_u8..,
    ) {
        let value = if header.kind == Kind::Tombstone { Vec::new() } else { value };
        for sealer in sealers() {
            let mut bytes = sealer.seal(KEY, &header, FORMAT, &value).unwrap().to_vec();
            let position = position.index(bytes.len());
            bytes[position] ^= change;
            prop_assert!(open(&sealer, &bytes).is_err());
        }
    }

    #[test]
    fn an_entry_of_another_key_is_refused(header in headers(), one in ".{0,6}", two in ".{0,6}") {
        prop_assume!(one != two);
        for sealer in sealers() {
            let bytes = sealer.seal(&one, &header, FORMAT, b"").unwrap();
            prop_assert!(sealer.open(&two, FORMAT, &bytes).is_err());
        }
    }
}

#[test]
fn parts_of_a_millisecond_are_cut_off() {
    let uneven = Header {
        fresh_for: Duration::from_nanos(1_999_999),
        keep_for: Duration::MAX,
        ..header(Kind::Value)
    };
    let bytes = plain().seal(KEY, &uneven, FORMAT, b"").unwrap();
    let found = open(&plain(), &bytes).unwrap().header;
    assert_eq!(found.fresh_for, Duration::from_millis(1));
    assert_eq!(found.keep_for, Duration::from_millis(u64::MAX));
}
