//! The bytes, as the documentation of the module describes them.

use super::*;

const RESPONSE: &[&[u8]] = &[
    b"\x01\x00",
    // Always validated, immutable, with trailers: 1 + 4 + 8.
    b"\x0d",
    b"\x01\x94",
    // 10^9 is 3b9aca00 in hexadecimal.
    b"\0\0\0\0\x3b\x9a\xca\x00",
    b"\0\0\0\0\0\0\0\x02",
    b"\0\0\0\0\xb2\xd0\x5e\x00",
    b"\0\0\0\0\xee\x6b\x28\x00",
    b"\0\0\0\x01\x2a\x05\xf2\x00",
    b"\0\0\0\x01\x65\xa0\xbc\x00",
    b"\0\0\0\x01\xa1\x3b\x86\x00",
    b"\0\x02\0\x05x-own\0\x01a",
    b"\0\0\0\x04",
    b"\0\x03age\0\0\0\0",
    b"\0\x04link\0\0\0\x03<a>",
    b"\0\x04link\0\0\0\x03<\xff>",
    b"\0\x08x-secret\x80\0\0\x01k",
    b"\0\0\0\x05\0gone",
    b"\0\0\0\x01\0\x05x-sum\0\0\0\x011",
];

const INDEX: &[&[u8]] = &[
    b"\x01\x01",
    b"\x01\x02\x03\x04\x05\x06\x07\x08",
    b"\x01\0\0\0\0\0\0\0\x09\0\0\0\x01\xdc\xd6\x50\x00",
    // The names of a spec stand in alphabetical order.
    b"\x02\0\x02\0\x02ac\0\x01b\0\x01\0\x01x",
    b"\0\0\0\x02",
    b"\0\0\0\x02\x01\xff\0",
    b"\0\0\0\0\x01\0\0\0\x03d\xc3\xa9\0\0\0\x01r",
];

#[test]
fn a_response_and_an_index_have_the_bytes_that_are_described() {
    let [response, index] = slots();
    assert_eq!(bytes_of(&response), RESPONSE.concat());
    assert_eq!(bytes_of(&index), INDEX.concat());
    assert_eq!(said(&read(&RESPONSE.concat()).unwrap()), said(&response));
    assert_eq!(said(&read(&INDEX.concat()).unwrap()), said(&index));
}

#[test]
fn the_format_keeps_its_number() {
    assert_eq!(<Wire as Codec<Slot>>::FORMAT, 4);
}

#[test]
fn bytes_stand_behind_those_that_are_there() {
    let mut bytes = b"before".to_vec();
    Wire.encode(&slots()[1], &mut bytes).unwrap();
    assert_eq!(bytes, [b"before", &INDEX.concat()[..]].concat());
}

/// The bytes with those at a place replaced.
fn with(bytes: &[&[u8]], part: usize, at: usize, value: u8) -> Vec<u8> {
    let before: usize = bytes[..part].iter().map(|part| part.len()).sum();
    let mut bytes = bytes.concat();
    bytes[before + at] = value;
    bytes
}

#[test]
fn what_has_no_meaning_is_refused_by_its_reason() {
    for (bytes, reason) in [
        (with(RESPONSE, 0, 0, 0), Unreadable::Version),
        (with(RESPONSE, 0, 0, 2), Unreadable::Version),
        (with(INDEX, 0, 0, 2), Unreadable::Version),
        (with(RESPONSE, 0, 1, 2), Unreadable::Kind),
        (with(RESPONSE, 1, 0, 0x1d), Unreadable::Flags),
        // 99 and 1000.
        (
            with(&[&RESPONSE[..2].concat(), b"\0\x63", &RESPONSE[3..].concat()], 0, 0, 1),
            Unreadable::Status,
        ),
        (with(RESPONSE, 2, 0, 4), Unreadable::Status),
        (with(RESPONSE, 10, 4, b'X'), Unreadable::Name),
        (with(RESPONSE, 12, 3, b' '), Unreadable::Name),
        (with(RESPONSE, 13, 12, b'\n'), Unreadable::Value),
        (with(RESPONSE, 11, 3, 5), Unreadable::Name),
        (with(RESPONSE, 17, 3, 2), Unreadable::Short),
        (with(RESPONSE, 17, 3, 0), Unreadable::Long),
        (with(INDEX, 2, 0, 2), Unreadable::Mark),
        (with(INDEX, 5, 6, 2), Unreadable::Mark),
        (with(INDEX, 6, 11, b'a'), Unreadable::Text),
        (with(INDEX, 4, 3, 3), Unreadable::Short),
        (with(INDEX, 4, 3, 1), Unreadable::Long),
        (b"\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0".to_vec(), Unreadable::Spec),
        (with(INDEX, 3, 5, b'x'), Unreadable::Spec),
    ] {
        assert_eq!(read(&bytes).unwrap_err(), reason, "{bytes:?}");
    }
}

#[test]
fn more_fields_than_a_section_can_have_are_refused() {
    // 32 768 places, of which a quarter stays free, are 24 576 names.
    let section = |count: u32| {
        let field = |number| [b"\0\x06", format!("{number:06}").as_bytes(), b"\0\0\0\0"].concat();
        let fields: Vec<u8> = (0..count).flat_map(field).collect();
        let head = RESPONSE[..10].concat();
        let head = [&head[..2], b"\0", &head[3..], b"\0\0"].concat();
        [&head, &count.to_be_bytes()[..], &fields, b"\0\0\0\0"].concat()
    };
    assert!(read(&section(24_576)).is_ok());
    assert_eq!(read(&section(24_577)).unwrap_err(), Unreadable::TooMany);
}

#[test]
fn what_has_more_than_its_layout_has_room_for_leaves_the_bytes_as_they_were() {
    let omitted = vec![HeaderName::from_static("a"); 65_536];
    let mut stored = response();
    stored.terms = Terms { omitted, ..stored.terms };
    let crowd = Index { specs: (0..256).map(|_| spec(&["a"])).collect(), ..index() };
    for slot in [Slot::Response(Arc::new(stored)), Slot::Index(Arc::new(crowd))] {
        let mut bytes = b"before".to_vec();
        let error = Wire.encode(&slot, &mut bytes).unwrap_err();
        assert!(error.source().unwrap().is::<Unsayable>());
        assert_eq!(bytes, b"before");
    }
}

#[test]
fn as_many_as_the_layout_has_room_for_come_back() {
    let mut stored = response();
    stored.terms.omitted = vec![HeaderName::from_static("a"); 65_535];
    let crowd = Index { specs: (0..255).map(|_| spec(&["a"])).collect(), ..index() };
    for slot in [Slot::Response(Arc::new(stored)), Slot::Index(Arc::new(crowd))] {
        assert_eq!(said(&read(&bytes_of(&slot)).unwrap()), said(&slot));
    }
}

#[test]
fn what_lasts_longer_than_584_years_lasts_584_years() {
    let longest = Duration::from_nanos(u64::MAX);
    let mut stored = response();
    stored.terms.keep = Duration::MAX;
    stored.terms.lifetime = longest + Duration::from_nanos(1);
    stored.age = longest;
    stored.received = UNIX_EPOCH - seconds(1);
    let Slot::Response(found) = read(&bytes_of(&Slot::Response(Arc::new(stored)))).unwrap() else {
        panic!("an index");
    };
    assert_eq!(found.terms.keep, longest);
    assert_eq!(found.terms.lifetime, longest);
    assert_eq!(found.age, longest);
    assert_eq!(found.received, UNIX_EPOCH);
}
