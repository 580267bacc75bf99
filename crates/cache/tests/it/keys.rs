//! Keys are parts that never run into one another, and are found in any form that says the same.

use std::borrow::Cow;
use std::sync::Arc;

use bartizan_cache::{Cache, Caches, KeyPart, Part};
use proptest::collection::vec;
use proptest::prelude::*;

fn cache<K>() -> Cache<K, usize> {
    Caches::in_memory().cache("keys").build().unwrap()
}

/// Texts that would run into one another if they were merely joined.
fn text() -> impl Strategy<Value = String> {
    let nasty = proptest::sample::select(vec![
        ":",
        "%",
        "{",
        "}",
        "%3a",
        "%25",
        "3a",
        "\0",
        "\n",
        "\u{7f}",
        "a",
        "",
        "é",
        "\u{1f600}",
        "::",
    ]);
    prop_oneof![
        4 => vec(nasty, 0..5).prop_map(|parts| parts.concat()),
        1 => any::<String>(),
        1 => "[a-z0-9_:%{}]{120,140}",
    ]
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(future)
}

proptest! {
    #[test]
    fn pairs_that_differ_are_different_entries(
        pairs in vec((text(), text()), 2..12),
    ) {
        block_on(async {
            let cache = cache::<(String, String)>();
            let mut last = std::collections::HashMap::new();
            for (number, pair) in pairs.iter().enumerate() {
                cache.set(pair, number).await;
                last.insert(pair, number);
            }
            for (pair, number) in last {
                assert_eq!(cache.get(pair).await.as_deref(), Some(&number), "{pair:?}");
            }
        });
    }

    #[test]
    fn a_text_moved_from_one_part_to_the_next_is_another_key(
        one in text(), middle in text(), other in text(),
    ) {
        prop_assume!(!middle.is_empty());
        block_on(async {
            let cache = cache::<(String, String, String)>();
            let (left, right) = (format!("{one}{middle}"), format!("{middle}{other}"));
            cache.set(&(left.as_str(), other.as_str(), ""), 1).await;
            let there = cache.get(&(one.as_str(), right.as_str(), "")).await;
            assert!(there.is_none());
            let joined = format!("{left}:{other}");
            assert!(cache.get(&(joined.as_str(), "", "")).await.is_none() || joined == left);
        });
    }

    #[test]
    fn borrowed_and_owned_forms_find_the_same_entry(one in text(), other in text(), id in any::<i64>()) {
        block_on(async {
            let cache = cache::<(String, Arc<str>, i64)>();
            cache.set(&(one.clone(), Arc::from(other.as_str()), id), 1).await;
            assert!(cache.get(&(one.as_str(), other.as_str(), id)).await.is_some());
            assert!(cache.get(&(one.as_str(), &*other, &id)).await.is_some());
            assert!(cache.peek(&(&one, other.as_str(), id)).is_some());
            assert!(cache.remove(&(one.as_str(), other.as_str(), id)).await == bartizan_cache::Reach::Local);
            assert!(cache.get(&(one, Arc::from(other.as_str()), id)).await.is_none());
        });
    }
}

#[tokio::test]
async fn keys_of_one_part_are_asked_for_as_they_are() {
    let texts = cache::<String>();
    texts.set("a", 1).await;
    assert!(texts.get(&"a".to_owned()).await.is_some());
    assert!(texts.get(&Cow::Borrowed("a").into_owned()).await.is_some());
    let numbers = cache::<u64>();
    numbers.set(&7, 1).await;
    assert!(numbers.get(&&7).await.is_some());
    assert!(numbers.get(&8).await.is_none());
    let answers = cache::<(bool, i8)>();
    answers.set(&(true, -1), 1).await;
    assert!(answers.get(&(true, -1)).await.is_some());
    assert!(answers.get(&(false, -1)).await.is_none());
    assert!(answers.get(&(true, 1)).await.is_none());
}

#[tokio::test]
async fn an_identifier_of_ones_own_stays_one_part_whatever_it_writes() {
    struct Location(&'static str, u32);

    impl KeyPart for Location {
        fn write(&self, part: &mut Part<'_>) {
            use std::fmt::Write;
            part.push_str(self.0);
            part.push_str(":");
            write!(part, "{}", self.1).unwrap();
        }
    }

    let cache = cache::<(Location, String)>();
    cache.set(&(Location("a", 1), "b"), 1).await;
    assert!(cache.get(&(Location("a", 1), "b")).await.is_some());
    assert!(cache.get(&(Location("a", 1), "")).await.is_none());
    assert!(cache.get(&(Location("a:1", 1), "b")).await.is_none());
}

#[tokio::test]
async fn keys_longer_than_their_place_on_the_stack_are_found() {
    let cache = cache::<(String, String)>();
    for length in [0, 1, 31, 32, 62, 63, 64, 65, 126, 127, 128, 129, 1_000, 1_022] {
        let long = "x".repeat(length);
        cache.set(&(long.as_str(), ""), length).await;
        assert_eq!(cache.get(&(long.as_str(), "")).await.as_deref(), Some(&length));
    }
}
