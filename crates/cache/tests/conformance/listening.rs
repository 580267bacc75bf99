//! What a backplane promises of messages.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bartizan_cache::{About, Backplane, Change, Generation, Listen, Mark, Message, Signal};
use tokio::time::timeout;

use super::{PATIENCE, World, generation};

async fn next(listener: &mut Box<dyn Listen>) -> Option<Signal> {
    timeout(PATIENCE, listener.next()).await.expect("a signal in time")
}

/// A listener from which nothing is kept from now on.
async fn listen(backplane: &Arc<dyn Backplane>) -> Box<dyn Listen> {
    let mut listener = backplane.listen();
    assert_eq!(next(&mut listener).await, Some(Signal::Connected));
    listener
}

async fn message(listener: &mut Box<dyn Listen>) -> Message {
    loop {
        match next(listener).await {
            Some(Signal::Message(message)) => return message,
            Some(_) => {}
            None => panic!("the backplane is gone"),
        }
    }
}

fn loaded(number: u64) -> Message {
    let about = About::Key { key: format!("{number}"), change: Change::Loaded };
    Message { instance: 7, cache: "users".to_owned(), generation: generation(number), about }
}

pub(crate) async fn the_first_signal_is_connected<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    let mut listeners = [backplane.listen(), backplane.listen()];
    for listener in &mut listeners {
        assert_eq!(next(listener).await, Some(Signal::Connected));
    }
    backplane.announce(&loaded(1)).await.unwrap();
    for listener in &mut listeners {
        assert_eq!(message(listener).await, loaded(1));
    }
}

pub(crate) async fn every_listener_hears_every_message<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let mut listeners = [listen(&one).await, listen(&one).await, listen(&other).await];
    let key = |key: &str, change| About::Key { key: key.to_owned(), change };
    let tag = |mark| About::Tag { tag: "größe|:{x}\r\n\0".to_owned(), mark };
    let abouts = [
        key("7", Change::Set),
        key("7:größe|{x}\r\n\0", Change::Removed),
        key("", Change::Expired),
        key(&"long".repeat(1_000), Change::Loaded),
        tag(Mark::Remove),
        tag(Mark::Expire),
        About::All(Mark::Remove),
        About::All(Mark::Expire),
    ];
    let said: Vec<Message> = abouts
        .into_iter()
        .zip(0_u64..)
        .map(|(about, number)| Message {
            instance: u64::MAX - number,
            cache: format!("users|:{{{number}}}"),
            // Doubles do not tell these apart.
            generation: generation(u64::MAX - 7 + number),
            about,
        })
        .collect();
    for (number, message) in said.iter().enumerate() {
        let backplane = if number % 2 == 0 { &one } else { &other };
        backplane.announce(message).await.unwrap();
    }
    for listener in &mut listeners {
        let mut heard = Vec::new();
        while heard.len() < said.len() {
            heard.push(message(listener).await);
        }
        heard.sort_by_key(|message| message.generation);
        assert_eq!(heard, said);
    }
}

pub(crate) async fn a_mark_is_told_to_every_listener<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let mut listeners = [listen(&one).await, listen(&other).await];
    for tag in [None, Some("admins")] {
        for mark in [Mark::Remove, Mark::Expire] {
            let generation = one.mark("users", tag, mark).await.unwrap();
            let about = match tag {
                Some(tag) => About::Tag { tag: tag.to_owned(), mark },
                None => About::All(mark),
            };
            for listener in &mut listeners {
                let heard = message(listener).await;
                assert_eq!(heard.cache, "users");
                assert_eq!((heard.generation, &heard.about), (generation, &about));
            }
        }
    }
}

pub(crate) async fn a_mark_is_known_before_it_is_heard<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    one.open("users").await.unwrap();
    let mut listener = listen(&other).await;
    for _ in 0..20 {
        let backplane = Arc::clone(&one);
        let marking = tokio::spawn(async move {
            backplane.mark("users", Some("admins"), Mark::Remove).await.unwrap();
            backplane.mark("users", None, Mark::Remove).await.unwrap();
        });
        let tag = message(&mut listener).await.generation;
        let marks = other.marks("users", &["admins"], Generation::ZERO).await.unwrap();
        assert_eq!(marks[0].removed, tag);
        let all = message(&mut listener).await.generation;
        assert_eq!(other.open("users").await.unwrap().marks.removed, all);
        marking.await.unwrap();
    }
}

pub(crate) async fn a_mark_says_which_instance_made_it<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let mut listener = listen(&one).await;
    let mut said = Vec::new();
    for backplane in [&one, &other, &one, &other] {
        backplane.mark("users", Some("admins"), Mark::Expire).await.unwrap();
        said.push(message(&mut listener).await.instance);
    }
    assert_ne!(said[0], said[1]);
    assert_eq!(said[..2], said[2..]);
}

pub(crate) async fn cancelling_a_listener_loses_nothing<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    let mut listener = listen(&backplane).await;
    let saying = tokio::spawn(async move {
        for number in 1..=50 {
            backplane.announce(&loaded(number)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(number % 3)).await;
        }
        backplane
    });
    let mut heard = BTreeSet::new();
    let all = async {
        while heard.len() < 50 {
            // As good as every one is given up at least once.
            let soon = timeout(Duration::from_micros(200), listener.next()).await;
            if let Ok(Some(Signal::Message(message))) = soon {
                heard.insert(message.generation);
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, all).await.expect("all messages in time");
    saying.await.unwrap();
}

pub(crate) async fn a_burst_is_heard_or_known_to_be_missed<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    let mut listener = listen(&backplane).await;
    for number in 1..=3_000 {
        backplane.announce(&loaded(number)).await.unwrap();
    }
    let mut heard = 0;
    let knows = loop {
        match next(&mut listener).await {
            Some(Signal::Message(message)) if message.generation == generation(3_000) => {
                heard += 1;
                break false;
            }
            Some(Signal::Message(_)) => heard += 1,
            Some(_) => break true,
            None => panic!("the backplane is gone"),
        }
    };
    assert!(knows || heard == 3_000, "{heard} messages, and nothing of those that were missed");
    backplane.announce(&loaded(3_001)).await.unwrap();
    while message(&mut listener).await.generation != generation(3_001) {}
}

pub(crate) async fn what_was_said_before_is_not_heard<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let mut earlier = listen(&one).await;
    other.announce(&loaded(1)).await.unwrap();
    assert_eq!(message(&mut earlier).await, loaded(1));
    let mut listener = listen(&one).await;
    other.announce(&loaded(2)).await.unwrap();
    assert_eq!(message(&mut listener).await, loaded(2));
}

pub(crate) async fn a_listener_ends_with_the_backplane<W: World>(world: W) {
    let instance = world.instance().await;
    let mut listener = listen(&instance.backplane).await;
    drop(instance);
    drop(world);
    while let Some(signal) = next(&mut listener).await {
        assert_eq!(signal, Signal::Connected);
    }
}
