//! The bytes in the store: compressed, signed, damaged, or of another layout.

use bartizan_cache::test_util::{Corruption, Fault, Operation, Scope};
use bartizan_cache::{Backplane, Store};
use tokio::time::sleep;

use super::http::answer;
use super::*;
use crate::support::{MINUTE, settle};

const LASTS: [(&str, &str); 1] = [("cache-control", "max-age=3600")];
const KEY: &str = "http:4=http:11=example.com:2=/a:-";

#[tokio::test(start_paused = true)]
async fn a_response_has_the_name_of_its_target_and_a_variant_one_behind_it() {
    let (world, one, _two) = pair(&[LASTS[0], ("vary", "x-kind")]).await;
    one.get("/a", &[("x-kind", "a")]).await;
    settle().await;
    assert_eq!(world.store.len(), 2);
    let index = world.store.read(KEY).await.unwrap().unwrap();
    // The format, and what the value begins with: version 1 of an index.
    assert_eq!((index[12], &index[47..49]), (4, &[1, 1][..]));
}

#[tokio::test(start_paused = true)]
async fn compressed_responses_are_read_by_all() {
    let world = World::new();
    let body = "word ".repeat(10_000);
    let origin = Origin::new([answer(&body, &LASTS)]);
    let one = Gateway::with(&world, &origin, |it| it.with_compression_above(1_000), |it| it).await;
    let two = late(&world, "two", &LASTS).await;
    one.get("/a", &[]).await;
    settle().await;
    assert!(world.store.read(KEY).await.unwrap().unwrap().len() < 5_000);
    assert!(two.get("/a", &[]).await.text() == body);
    assert_eq!(two.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_signed_with_a_known_key_is_not_believed() {
    let world = World::new();
    let key = |key: u8| [key; 32];
    let origin = |text| Origin::new([answer(text, &LASTS)]);
    let one = Gateway::with(&world, &origin("one"), |it| it.with_hmac(&key(1)), |it| it).await;
    let two = Gateway::with(&world, &origin("two"), |it| it.with_hmac(&key(2)), |it| it).await;
    let both = |it: ResponsesBuilder| it.with_hmac(&key(2)).with_hmac_also(&key(1));
    let three = Gateway::with(&world, &origin("three"), both, |it| it).await;
    assert_eq!(one.told("/a", &[]).await, inner("one"));
    settle().await;
    assert_eq!(three.told("/a", &[]).await, fresh("one"));
    assert_eq!(two.told("/a", &[]).await, inner("two"));
    assert_eq!(two.instance.seen.undecodable(), 1);
}

#[tokio::test(start_paused = true)]
async fn damaged_bytes_are_a_miss_and_are_told() {
    for corruption in [Corruption::Truncate(40), Corruption::Flip(60), Corruption::Truncate(0)] {
        let (_world, one, two) = pair(&[LASTS[0], ("vary", "x-kind")]).await;
        one.get("/a", &[]).await;
        settle().await;
        let reads = Scope::Only(Operation::Read);
        two.instance.control.inject(Fault::corrupt(corruption.clone()).on(reads));
        assert_eq!(two.told("/a", &[]).await, inner("two"), "{corruption:?}");
        assert!(two.instance.seen.undecodable() > 0, "{corruption:?}");
    }
}

/// An entry of an instance whose layout has another version: its bytes with another number, under a
/// checksum of their own.
async fn relabel(world: &World, name: &str, version: u8) {
    let mut bytes = world.store.read(name).await.unwrap().unwrap().to_vec();
    let generation = world.store.issue("http").await.unwrap();
    bytes[4..12].copy_from_slice(&generation.as_u64().to_be_bytes());
    // Without tags and validators the value begins behind 41 bytes, two of absence, and its length.
    assert_eq!(bytes[47], 1);
    bytes[47] = version;
    bytes.truncate(bytes.len() - 4);
    let length = (name.len() as u64).to_be_bytes();
    let sum = crc32(&[&length, name.as_bytes(), &bytes].concat());
    bytes.extend(sum.to_be_bytes());
    let record = bartizan_cache::test_util::record(generation, MINUTE, bytes);
    world.store.write(name, &record).await.unwrap();
}

/// CRC-32 as IEEE 802.3 has it, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            sum >> 1 ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

#[tokio::test(start_paused = true)]
async fn what_has_another_layout_is_a_miss_and_is_overwritten() {
    for (version, is_read) in [(1, true), (0, false), (2, false)] {
        let (world, one, two) = pair(&LASTS).await;
        one.get("/a", &[]).await;
        settle().await;
        relabel(&world, KEY, version).await;
        sleep(SECOND).await;
        let expected = if is_read { fresh("one") } else { inner("two") };
        assert_eq!(two.told("/a", &[]).await, expected, "{version}");
        assert_eq!(two.instance.seen.undecodable(), u64::from(!is_read), "{version}");
        // What was stored is purged, whatever its layout.
        two.responses.purge(&uri("/a")).await.unwrap();
        settle().await;
        assert_eq!(two.told("/a", &[]).await, inner("two"), "{version}");
        settle().await;
        assert_eq!(late(&world, "three", &LASTS).await.told("/a", &[]).await, fresh("two"));
    }
}
