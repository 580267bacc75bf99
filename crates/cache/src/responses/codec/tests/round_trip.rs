//! What was turned into bytes comes back as it was.

use proptest::option;
use proptest::prelude::*;

use super::*;

fn names() -> impl Strategy<Value = HeaderName> {
    "[a-z0-9-]{1,12}".prop_map(|name| HeaderName::try_from(name).unwrap())
}

fn values() -> impl Strategy<Value = HeaderValue> {
    let byte = prop_oneof![Just(b'\t'), 0x20..=0x7e_u8, 0x80..=0xff_u8];
    (prop::collection::vec(byte, 0..20), any::<bool>()).prop_map(|(bytes, sensitive)| {
        let mut value = HeaderValue::from_bytes(&bytes).unwrap();
        value.set_sensitive(sensitive);
        value
    })
}

/// Few names, so that some are repeated.
fn sections() -> impl Strategy<Value = HeaderMap> {
    let name = prop_oneof![names(), Just(http::header::SET_COOKIE), Just(http::header::AGE)];
    prop::collection::vec((name, values()), 0..12).prop_map(|fields| {
        let mut section = HeaderMap::new();
        for (name, value) in fields {
            section.append(name, value);
        }
        section
    })
}

fn durations() -> impl Strategy<Value = Duration> {
    any::<u64>().prop_map(Duration::from_nanos)
}

fn terms() -> impl Strategy<Value = Terms> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let times = (durations(), durations(), durations(), durations(), durations());
    (flags, times, prop::collection::vec(names(), 0..4)).prop_map(|(flags, times, omitted)| Terms {
        lifetime: times.0,
        initial_age: times.1,
        is_validated_always: flags.0,
        is_validated_when_stale: flags.1,
        is_immutable: flags.2,
        stale_while_revalidate: times.2,
        stale_if_error: times.3,
        keep: times.4,
        omitted,
    })
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..300)
}

fn responses() -> impl Strategy<Value = Stored> {
    let parts = (100..1_000_u16, sections(), bodies(), option::of(sections()));
    (parts, terms(), durations(), durations()).prop_map(|(parts, terms, age, received)| Stored {
        status: StatusCode::from_u16(parts.0).unwrap(),
        headers: parts.1,
        body: parts.2.into(),
        trailers: parts.3.map(Arc::new),
        terms,
        age,
        received: moment(received),
    })
}

fn indexes() -> impl Strategy<Value = Index> {
    let specs = prop::collection::vec(names(), 1..4).prop_map(|names| Spec::new(names).unwrap());
    let language = (".{0,8}", bodies())
        .prop_map(|(tag, rest)| Language { tag: tag.into(), rest: rest.into() });
    let variant = (bodies(), option::of(language))
        .prop_map(|(selecting, language)| Variant { selecting: selecting.into(), language });
    let former = (any::<u64>(), durations()).prop_map(|(id, stale_for)| Former { id, stale_for });
    let lists = (prop::collection::vec(specs, 0..4), prop::collection::vec(variant, 0..5));
    (any::<u64>(), option::of(former), lists).prop_map(|(id, former, (specs, variants))| Index {
        id,
        former,
        specs: specs.into(),
        variants,
    })
}

/// The fields in the order in which a section tells them.
fn fields(section: &HeaderMap) -> Vec<(&HeaderName, &HeaderValue, bool)> {
    section.iter().map(|(name, value)| (name, value, value.is_sensitive())).collect()
}

proptest! {
    #[test]
    fn a_response_comes_back_as_it_was(stored in responses()) {
        let bytes = bytes_of(&Slot::Response(Arc::new(stored.clone())));
        let Slot::Response(found) = read(&bytes).unwrap() else { panic!("an index") };
        prop_assert_eq!(found.status, stored.status);
        prop_assert_eq!(fields(&found.headers), fields(&stored.headers));
        prop_assert_eq!(&found.body, &stored.body);
        let (trailers, expected) = (found.trailers.as_deref(), stored.trailers.as_deref());
        prop_assert_eq!(trailers.map(fields), expected.map(fields));
        prop_assert_eq!(&found.terms, &stored.terms);
        prop_assert_eq!((found.age, found.received), (stored.age, stored.received));
    }

    #[test]
    fn an_index_comes_back_as_it_was(index in indexes()) {
        let Slot::Index(found) = read(&bytes_of(&Slot::Index(Arc::new(index.clone())))).unwrap() else {
            panic!("a response");
        };
        prop_assert_eq!(&*found, &index);
    }
}
