//! What a store promises.

use std::sync::Arc;
use std::time::Duration;

use bartizan_cache::test_util::record;
use bartizan_cache::{Record, Store, Written};
use tokio::time::Instant;

use super::{HOUR, SHORT, World, after, at_once, bytes, generation, value};

async fn read(store: &Arc<dyn Store>, key: &str) -> Option<Vec<u8>> {
    store.read(key).await.unwrap().map(|bytes| bytes.to_vec())
}

async fn write(store: &Arc<dyn Store>, key: &str, record: &Record) {
    assert_eq!(store.write(key, record).await.unwrap(), Written::Stored, "{key}");
}

pub(crate) async fn a_key_that_was_never_written_is_not_there<W: World>(world: W) {
    let store = world.instance().await.store;
    write(&store, "users:7", &value(1, b"seven", HOUR)).await;
    assert_eq!(read(&store, "users:77").await, None);
    assert_eq!(read(&store, "users").await, None);
}

pub(crate) async fn reads_what_another_instance_wrote<W: World>(world: W) {
    let (one, other) = (world.instance().await.store, world.instance().await.store);
    write(&one, "users:7", &value(1, b"seven", HOUR)).await;
    assert_eq!(read(&other, "users:7").await, Some(bytes(0, 1, b"seven")));
    assert_eq!(read(&one, "users:7").await, Some(bytes(0, 1, b"seven")));
}

pub(crate) async fn reads_what_was_written_last<W: World>(world: W) {
    let (one, other) = (world.instance().await.store, world.instance().await.store);
    write(&one, "users:7", &value(1, b"first", HOUR)).await;
    write(&other, "users:7", &value(2, b"second", HOUR)).await;
    assert_eq!(read(&one, "users:7").await, Some(bytes(0, 2, b"second")));
}

pub(crate) async fn keeps_every_byte_under_every_name<W: World>(world: W) {
    let store = world.instance().await.store;
    let every: Vec<u8> = (0..=255).collect();
    let large = every.repeat(4_096);
    let names = ["plain", "a b\r\nc", "{tag}:x", "*?[a]", "größe:日本", "nul\0nul", "a:b"];
    for name in names {
        write(&store, name, &value(1, name.as_bytes(), HOUR)).await;
    }
    write(&store, "every", &value(1, &every, HOUR)).await;
    write(&store, "large", &value(1, &large, HOUR)).await;
    write(&store, "nothing behind", &value(1, b"", HOUR)).await;
    for name in names {
        assert_eq!(read(&store, name).await, Some(bytes(0, 1, name.as_bytes())), "{name}");
    }
    assert_eq!(read(&store, "every").await, Some(bytes(0, 1, &every)));
    assert!(read(&store, "large").await == Some(bytes(0, 1, &large)), "a mebibyte is not whole");
    assert_eq!(read(&store, "nothing behind").await, Some(bytes(0, 1, b"")));
}

pub(crate) async fn reads_several_in_their_order<W: World>(world: W) {
    let store = world.instance().await.store;
    for key in ["a", "b", "c", "d"] {
        write(&store, key, &value(1, key.as_bytes(), HOUR)).await;
    }
    let keys = ["c", "missing", "a", "d", "c", "b"];
    let found = store.read_many(&keys).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|found| found.map(|one| one.to_vec())).collect();
    let expected = |key: &str| (key != "missing").then(|| bytes(0, 1, key.as_bytes()));
    assert_eq!(found, keys.map(expected));
    assert!(store.read_many(&[]).await.unwrap().is_empty());
    // More than one answer of a server that is asked in parts.
    let names: Vec<String> = (0..300).map(|number| format!("many:{number}")).collect();
    for name in names.iter().step_by(2) {
        write(&store, name, &value(1, name.as_bytes(), HOUR)).await;
    }
    let keys: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = store.read_many(&keys).await.unwrap();
    assert_eq!(found.len(), names.len());
    for (number, (name, found)) in names.iter().zip(found).enumerate() {
        let expected = (number % 2 == 0).then(|| bytes(0, 1, name.as_bytes()));
        assert_eq!(found.map(|one| one.to_vec()), expected, "{name}");
    }
}

pub(crate) async fn expires_after_its_time_and_not_before<W: World>(world: W) {
    let store = world.instance().await.store;
    let begin = Instant::now();
    write(&store, "short", &value(1, b"", SHORT)).await;
    write(&store, "long", &value(1, b"", HOUR)).await;
    after(SHORT, begin, "it expires", || async {
        store.read_many(&["short"]).await.unwrap() == [None]
    })
    .await;
    assert_eq!(read(&store, "short").await, None);
    assert_eq!(read(&store, "long").await, Some(bytes(0, 1, b"")));
}

pub(crate) async fn a_new_record_brings_its_own_time<W: World>(world: W) {
    let store = world.instance().await.store;
    write(&store, "longer", &value(1, b"", SHORT)).await;
    write(&store, "longer", &value(2, b"", HOUR)).await;
    let begin = Instant::now();
    write(&store, "shorter", &value(1, b"", HOUR)).await;
    write(&store, "shorter", &value(2, b"", SHORT)).await;
    after(SHORT, begin, "it expires", || async { read(&store, "shorter").await.is_none() }).await;
    assert_eq!(read(&store, "longer").await, Some(bytes(0, 2, b"")));
}

pub(crate) async fn keeps_for_the_longest_time_and_for_none<W: World>(world: W) {
    let store = world.instance().await.store;
    write(&store, "longest", &value(1, b"", Duration::MAX)).await;
    assert_eq!(read(&store, "longest").await, Some(bytes(0, 1, b"")));
    for (key, keep) in [("none", Duration::ZERO), ("least", Duration::from_nanos(1))] {
        write(&store, key, &value(1, b"", HOUR)).await;
        write(&store, key, &value(2, b"", keep)).await;
        super::until("it expires", || async { read(&store, key).await.is_none() }).await;
    }
}

pub(crate) async fn keeps_the_later_generation_and_tells_it<W: World>(world: W) {
    let (one, other) = (world.instance().await.store, world.instance().await.store);
    let later = bytes(0, 1_795_179_514_311_295, b"later");
    write(&one, "users:7", &value(1_795_179_514_311_295, b"later", HOUR)).await;
    let earlier = value(1_795_179_514_311_294, b"earlier", HOUR);
    let written = other.write("users:7", &earlier).await.unwrap();
    assert_eq!(written, Written::Superseded(later.clone().into()));
    assert_eq!(read(&other, "users:7").await, Some(later));
}

pub(crate) async fn compares_generations_as_whole_numbers<W: World>(world: W) {
    let store = world.instance().await.store;
    // Above 2^31, numbers of 32 bits are negative; generations end below 2^53.
    let last = (1 << 53) - 1;
    let rising = [0, 255, 256, 65_535, 1 << 31, 1 << 32, (1 << 32) + 1, last - 1, last];
    for pair in rising.windows(2) {
        let key = format!("{pair:?}");
        let (earlier, later) = (value(pair[0], b"", HOUR), value(pair[1], b"", HOUR));
        write(&store, &key, &earlier).await;
        write(&store, &key, &later).await;
        let written = store.write(&key, &earlier).await.unwrap();
        assert_eq!(written, Written::Superseded(later.bytes().clone()), "{key}");
    }
}

pub(crate) async fn an_equal_generation_overwrites<W: World>(world: W) {
    let store = world.instance().await.store;
    write(&store, "users:7", &value(5, b"one", HOUR)).await;
    write(&store, "users:7", &value(5, b"other", HOUR)).await;
    assert_eq!(read(&store, "users:7").await, Some(bytes(0, 5, b"other")));
}

pub(crate) async fn a_tombstone_outlasts_earlier_values<W: World>(world: W) {
    let store = world.instance().await.store;
    for kind in [1, 2, 255] {
        let key = format!("kind {kind}");
        write(&store, &key, &value(4, b"", HOUR)).await;
        write(&store, &key, &record(generation(5), HOUR, bytes(kind, 5, b""))).await;
        let written = store.write(&key, &value(4, b"loaded before", HOUR)).await.unwrap();
        assert_eq!(written, Written::Superseded(bytes(kind, 5, b"").into()));
        assert_eq!(read(&store, &key).await, Some(bytes(kind, 5, b"")));
        write(&store, &key, &value(6, b"loaded after", HOUR)).await;
    }
}

pub(crate) async fn an_expired_record_supersedes_nothing<W: World>(world: W) {
    let store = world.instance().await.store;
    write(&store, "users:7", &value(9, b"", SHORT)).await;
    super::until("it expires", || async { read(&store, "users:7").await.is_none() }).await;
    write(&store, "users:7", &value(1, b"", HOUR)).await;
    assert_eq!(read(&store, "users:7").await, Some(bytes(0, 1, b"")));
}

pub(crate) async fn overwrites_bytes_that_are_not_ours<W: World>(world: W) {
    let store = world.instance().await.store;
    let foreign: [&[u8]; 7] = [
        b"",
        b"BZ",
        b"{\"name\":\"somebody else's\"}",
        // Other letters, another version, cut within the generation.
        b"ZB\x01\0\xff\xff\xff\xff\xff\xff\xff\xff",
        b"BZ\x02\0\xff\xff\xff\xff\xff\xff\xff\xff",
        b"BZ\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
        b"BZ\x01\0\xff\xff\xff\xff\xff\xff\xff",
    ];
    for bytes_there in foreign {
        let key = format!("{bytes_there:?}");
        write(&store, &key, &record(generation(u64::MAX), HOUR, bytes_there)).await;
        assert_eq!(read(&store, &key).await.as_deref(), Some(bytes_there));
        write(&store, &key, &value(0, b"ours", HOUR)).await;
        assert_eq!(read(&store, &key).await, Some(bytes(0, 0, b"ours")), "{key}");
    }
}

pub(crate) async fn of_writers_at_once_the_latest_stays<W: World>(world: W) {
    let (one, other) = (world.instance().await.store, world.instance().await.store);
    for round in 0..5 {
        let key = format!("round {round}");
        let writers = (1..=40_u64).map(|number| {
            let store = Arc::clone(if number % 2 == 0 { &one } else { &other });
            let key = key.clone();
            // Neither rising nor falling: 17 has no divisor with 41.
            let number = number * 17 % 41;
            async move { (number, store.write(&key, &value(number, b"", HOUR)).await.unwrap()) }
        });
        for (number, written) in at_once(writers).await {
            if let Written::Superseded(later) = written {
                assert!(Record::generation_of(&later) > Some(generation(number)), "{number}");
            }
        }
        assert_eq!(read(&one, &key).await, Some(bytes(0, 40, b"")));
    }
}

pub(crate) async fn a_flush_loses_every_record<W: World>(world: W) {
    let store = world.instance().await.store;
    write(&store, "users:7", &value(9, b"", HOUR)).await;
    world.flush().await;
    assert_eq!(read(&store, "users:7").await, None);
    write(&store, "users:7", &value(1, b"", HOUR)).await;
}

pub(crate) async fn is_available_while_it_can_be_reached<W: World>(world: W) {
    let instance = world.instance().await;
    assert!(instance.store.is_available());
    assert!(instance.backplane.is_available());
}
