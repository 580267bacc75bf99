//! What a backplane promises of marks, and of what it does not know or has forgotten.

use std::sync::Arc;
use std::time::Duration;

use bartizan_cache::{Backplane, Generation, Mark, Marks};

use super::{SHORT, World, at_once, generation};

async fn marks_of(backplane: &Arc<dyn Backplane>, tag: &str, founded: Generation) -> Marks {
    let marks = backplane.marks("users", &[tag], founded).await.unwrap();
    assert_eq!(marks.len(), 1);
    marks[0]
}

/// Three generations, rising.
async fn three(backplane: &Arc<dyn Backplane>) -> [Generation; 3] {
    let mut issued = [Generation::ZERO; 3];
    for one in &mut issued {
        *one = backplane.issue("users").await.unwrap();
    }
    issued
}

const fn before(later: Generation) -> Generation {
    generation(later.as_u64() - 1)
}

pub(crate) async fn a_cache_that_is_not_known_is_founded<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    let opened = backplane.open("users").await.unwrap();
    assert!(opened.generation > Generation::ZERO);
    assert_eq!(opened.marks.of(Generation::ZERO), Some(Mark::Remove));
    assert_eq!(opened.marks.of(before(opened.generation)), Some(Mark::Remove));
    assert_eq!(opened.marks.of(opened.generation), None);
}

pub(crate) async fn a_cache_is_founded_once<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let openers = (0..20).map(|number| {
        let backplane = Arc::clone(if number % 2 == 0 { &one } else { &other });
        async move { backplane.open("users").await.unwrap() }
    });
    let opened = at_once(openers).await;
    let again = one.open("users").await.unwrap();
    for opened in opened {
        assert_eq!((opened.generation, opened.marks), (again.generation, again.marks));
    }
    let issued = one.issue("users").await.unwrap();
    assert!(issued > again.generation);
    assert_eq!(other.open("users").await.unwrap().marks, again.marks);
}

pub(crate) async fn a_cache_that_was_lost_is_founded_anew<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    one.open("users").await.unwrap();
    let [_, _, issued] = three(&one).await;
    world.flush().await;
    let opened = other.open("users").await.unwrap();
    assert!(opened.generation > issued);
    assert_eq!(opened.marks.of(issued), Some(Mark::Remove));
    assert_eq!(opened.marks.of(before(opened.generation)), Some(Mark::Remove));
    assert_eq!(opened.marks.of(opened.generation), None);
    assert_eq!(one.open("users").await.unwrap().marks, opened.marks);
}

pub(crate) async fn a_cache_that_was_lost_is_founded_by_the_first_word_of_it<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    for word in ["issue", "expire all", "remove all", "expire a tag", "the marks of a tag"] {
        backplane.open("users").await.unwrap();
        let [_, _, issued] = three(&backplane).await;
        world.flush().await;
        match word {
            "issue" => backplane.issue("users").await.map(drop),
            "expire all" => backplane.mark("users", None, Mark::Expire).await.map(drop),
            "remove all" => backplane.mark("users", None, Mark::Remove).await.map(drop),
            "expire a tag" => backplane.mark("users", Some("a"), Mark::Expire).await.map(drop),
            _ => backplane.marks("users", &["a"], issued).await.map(drop),
        }
        .unwrap();
        let opened = backplane.open("users").await.unwrap();
        assert_eq!(opened.marks.of(issued), Some(Mark::Remove), "{word}");
        assert!(opened.generation > issued, "{word}");
        assert_eq!(opened.marks.of(opened.generation), None, "{word}");
    }
}

pub(crate) async fn marking_a_cache_removes_or_expires_what_is_older<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    one.open("users").await.unwrap();
    let issued = one.issue("users").await.unwrap();
    let expired = one.mark("users", None, Mark::Expire).await.unwrap();
    let marks = other.open("users").await.unwrap().marks;
    assert_eq!(marks.of(issued), Some(Mark::Expire));
    assert_eq!(marks.of(before(expired)), Some(Mark::Expire));
    assert_eq!(marks.of(expired), None);
    let removed = other.mark("users", None, Mark::Remove).await.unwrap();
    let marks = one.open("users").await.unwrap().marks;
    assert_eq!(marks.of(before(removed)), Some(Mark::Remove));
    assert_eq!(marks.of(removed), None);
}

pub(crate) async fn marking_a_tag_removes_or_expires_what_is_older<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let opened = one.open("users").await.unwrap();
    assert_eq!(marks_of(&one, "admins", opened.generation).await.of(opened.generation), None);
    let expired = one.mark("users", Some("admins"), Mark::Expire).await.unwrap();
    let marks = marks_of(&other, "admins", opened.generation).await;
    assert_eq!(marks.of(opened.generation), Some(Mark::Expire));
    assert_eq!(marks.of(before(expired)), Some(Mark::Expire));
    assert_eq!(marks.of(expired), None);
    let removed = other.mark("users", Some("admins"), Mark::Remove).await.unwrap();
    let marks = marks_of(&one, "admins", opened.generation).await;
    assert_eq!(marks.of(before(removed)), Some(Mark::Remove));
    assert_eq!(marks.of(removed), None);
    // Neither other tags nor the cache.
    assert_eq!(marks_of(&one, "guests", opened.generation).await.of(opened.generation), None);
    assert_eq!(one.open("users").await.unwrap().marks, opened.marks);
}

pub(crate) async fn a_tag_that_is_not_known_is_founded<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    backplane.open("users").await.unwrap();
    let [first, second, third] = three(&backplane).await;
    let marks = marks_of(&backplane, "admins", second).await;
    assert_eq!(marks.of(first), Some(Mark::Remove));
    assert_eq!(marks.of(before(second)), Some(Mark::Remove));
    assert_eq!(marks.of(second), None);
    assert_eq!(marks.of(third), None);
}

pub(crate) async fn a_tag_is_founded_once<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    one.open("users").await.unwrap();
    let [first, second, third] = three(&one).await;
    let founded = marks_of(&one, "admins", second).await;
    for later in [third, first, Generation::ZERO, generation(u64::MAX)] {
        assert_eq!(marks_of(&other, "admins", later).await, founded);
        assert_eq!(marks_of(&one, "admins", later).await, founded);
    }
}

pub(crate) async fn a_tag_that_was_lost_is_founded_anew<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    one.open("users").await.unwrap();
    let [first, _, third] = three(&one).await;
    marks_of(&one, "admins", first).await;
    world.flush().await;
    let marks = marks_of(&other, "admins", third).await;
    assert_eq!(marks.of(before(third)), Some(Mark::Remove));
    assert_eq!(marks.of(third), None);
}

pub(crate) async fn tells_tags_in_their_order<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    let founded = backplane.open("users").await.unwrap().generation;
    let names: Vec<String> = (0..300).map(|number| format!("tag {number} {{x}}:\0ö")).collect();
    let mut removed = Vec::new();
    for name in names.iter().step_by(3) {
        removed.push(backplane.mark("users", Some(name), Mark::Remove).await.unwrap());
    }
    let mut tags: Vec<&str> = names.iter().map(String::as_str).collect();
    tags.push(tags[3]);
    let marks = backplane.marks("users", &tags, founded).await.unwrap();
    assert_eq!(marks.len(), 301);
    for (number, marks) in marks.iter().take(300).enumerate() {
        let expected = if number % 3 == 0 { removed[number / 3] } else { founded };
        assert_eq!(marks.removed, expected, "{number}");
    }
    assert_eq!(marks[300], marks[3]);
    assert!(backplane.marks("users", &[], founded).await.unwrap().is_empty());
}

pub(crate) async fn marks_are_never_lowered<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    let founded = backplane.open("users").await.unwrap().generation;
    let removed = backplane.mark("users", Some("admins"), Mark::Remove).await.unwrap();
    let expired = backplane.mark("users", Some("admins"), Mark::Expire).await.unwrap();
    let marks = marks_of(&backplane, "admins", founded).await;
    assert_eq!(marks, Marks { removed, expired });
    let removed = backplane.mark("users", Some("admins"), Mark::Remove).await.unwrap();
    assert_eq!(marks_of(&backplane, "admins", founded).await, Marks { removed, expired });

    let removed = backplane.mark("users", None, Mark::Remove).await.unwrap();
    let expired = backplane.mark("users", None, Mark::Expire).await.unwrap();
    assert_eq!(backplane.open("users").await.unwrap().marks, Marks { removed, expired });
    let removed = backplane.mark("users", None, Mark::Remove).await.unwrap();
    assert_eq!(backplane.open("users").await.unwrap().marks, Marks { removed, expired });
}

pub(crate) async fn marks_at_once_are_all_remembered<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let founded = one.open("users").await.unwrap().generation;
    for tag in [Some("admins"), None] {
        let markers = (0..40).map(|number| {
            let backplane = Arc::clone(if number % 2 == 0 { &one } else { &other });
            let mark = if number % 3 == 0 { Mark::Remove } else { Mark::Expire };
            async move { (mark, backplane.mark("users", tag, mark).await.unwrap()) }
        });
        let mut expected = Marks::default();
        for (mark, generation) in at_once(markers).await {
            expected = expected.max(match mark {
                Mark::Remove => Marks { removed: generation, ..expected },
                _ => Marks { expired: generation, ..expected },
            });
        }
        let marks = match tag {
            Some(tag) => marks_of(&other, tag, founded).await,
            None => other.open("users").await.unwrap().marks,
        };
        assert_eq!(marks, expected);
    }
}

pub(crate) async fn marks_are_remembered_for_the_retention<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    let retention = backplane.retention();
    assert!(retention > Duration::ZERO);
    let founded = backplane.open("users").await.unwrap().generation;
    let removed = backplane.mark("users", Some("marked"), Mark::Remove).await.unwrap();
    let known = marks_of(&backplane, "founded", founded).await;
    let wait =
        if W::IS_PAUSED { retention.saturating_sub(SHORT) } else { SHORT.min(retention / 2) };
    tokio::time::sleep(wait).await;
    let later = generation(u64::MAX);
    assert_eq!(marks_of(&backplane, "marked", later).await.removed, removed);
    assert_eq!(marks_of(&backplane, "founded", later).await, known);
}
