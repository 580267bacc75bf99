//! Messages as they go over the channel: words of text, one space between them.
//!
//! `1 <kind> <instance> <generation> <length of the cache's name in bytes> <cache> <key or tag>`
//!
//! The length tells where the name ends, so names, keys and tags may hold anything; what is about a
//! whole cache ends with the space. A newer format begins with another number, and is not heard.

use std::str;

use crate::{About, Change, Generation, Mark, Message};

const VERSION: &str = "1";

/// A message whose generation is not known yet: the script that gives it out puts it in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) before: String,
    pub(super) after: String,
}

impl Template {
    pub(super) fn new(instance: u64, cache: &str, about: &About) -> Self {
        let (kind, subject) = match about {
            About::Key { key, change } => (of_change(*change), key.as_str()),
            About::Tag { tag, mark: Mark::Remove } => ("tr", tag.as_str()),
            About::Tag { tag, mark: Mark::Expire } => ("te", tag.as_str()),
            About::All(Mark::Remove) => ("ar", ""),
            About::All(Mark::Expire) => ("ae", ""),
        };
        Self {
            before: format!("{VERSION} {kind} {instance} "),
            after: format!(" {} {cache} {subject}", cache.len()),
        }
    }
}

const fn of_change(change: Change) -> &'static str {
    match change {
        Change::Set => "ks",
        Change::Removed => "kr",
        Change::Expired => "ke",
        Change::Loaded => "kl",
    }
}

/// The bytes of a message.
pub(super) fn write(message: &Message) -> String {
    let Message { instance, cache, generation, about } = message;
    let Template { before, after } = Template::new(*instance, cache, about);
    format!("{before}{generation}{after}")
}

/// Reads a message, of which there is one way to say it; nothing if it is another thing.
pub(super) fn read(payload: &[u8]) -> Option<Message> {
    let text = str::from_utf8(payload).ok()?.strip_prefix(VERSION)?.strip_prefix(' ')?;
    let (kind, text) = text.split_once(' ')?;
    let (instance, text) = text.split_once(' ')?;
    let (generation, text) = text.split_once(' ')?;
    let (length, text) = text.split_once(' ')?;
    let (cache, text) = text.split_at_checked(usize::try_from(number(length)?).ok()?)?;
    let about = about(kind, text.strip_prefix(' ')?)?;
    let (instance, generation) = (number(instance)?, Generation::from_u64(number(generation)?));
    Some(Message { instance, cache: cache.to_owned(), generation, about })
}

fn about(kind: &str, subject: &str) -> Option<About> {
    let key = |change| About::Key { key: subject.to_owned(), change };
    let tag = |mark| About::Tag { tag: subject.to_owned(), mark };
    match kind {
        "ks" => Some(key(Change::Set)),
        "kr" => Some(key(Change::Removed)),
        "ke" => Some(key(Change::Expired)),
        "kl" => Some(key(Change::Loaded)),
        "tr" => Some(tag(Mark::Remove)),
        "te" => Some(tag(Mark::Expire)),
        "ar" if subject.is_empty() => Some(About::All(Mark::Remove)),
        "ae" if subject.is_empty() => Some(About::All(Mark::Expire)),
        _ => None,
    }
}

/// A number as it is written here: digits, none to spare.
fn number(text: &str) -> Option<u64> {
    let plain = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(about: About) -> Message {
        let (cache, generation) = ("work flow".to_owned(), Generation::from_u64(1_795_000));
        Message { instance: 7, cache, generation, about }
    }

    #[test]
    fn messages_are_words() {
        let key = |change| About::Key { key: "loc_1:wf_2".to_owned(), change };
        let tag = |mark| About::Tag { tag: "loc 1".to_owned(), mark };
        for (about, text) in [
            (key(Change::Set), "1 ks 7 1795000 9 work flow loc_1:wf_2"),
            (key(Change::Removed), "1 kr 7 1795000 9 work flow loc_1:wf_2"),
            (key(Change::Expired), "1 ke 7 1795000 9 work flow loc_1:wf_2"),
            (key(Change::Loaded), "1 kl 7 1795000 9 work flow loc_1:wf_2"),
            (tag(Mark::Remove), "1 tr 7 1795000 9 work flow loc 1"),
            (tag(Mark::Expire), "1 te 7 1795000 9 work flow loc 1"),
            (About::All(Mark::Remove), "1 ar 7 1795000 9 work flow "),
            (About::All(Mark::Expire), "1 ae 7 1795000 9 work flow "),
        ] {
            assert_eq!(write(&message(about.clone())), text);
            assert_eq!(read(text.as_bytes()), Some(message(about)), "{text}");
        }
    }

    #[test]
    fn what_is_no_message_is_not_heard() {
        assert!(read(b"1 ks 0 0 1 a ").is_some());
        for text in [
            "",
            "1",
            "1 ks 0 0 1",
            "1 ks 0 0 1 a",
            "1 ks 0 0 2 a ",
            "1 ks 0 0 1 ab ",
            "1 ks 0 0 3 a ",
            "1 ks 0 0 18446744073709551615 a ",
            "1 ks 0 0 18446744073709551616 a ",
            "1 ks 0 18446744073709551616 1 a ",
            "1 ks 18446744073709551616 0 1 a ",
            "1 ks 00 0 1 a ",
            "1 ks 0 01 1 a ",
            "1 ks 0 0 +1 a ",
            "1 ks 0 0 01 a ",
            "1 ks -0 0 1 a ",
            "1 ks  0 1 a ",
            "1  ks 0 0 1 a ",
            "1 kx 0 0 1 a ",
            "1 KS 0 0 1 a ",
            "1  0 0 1 a ",
            "1 ar 0 0 1 a x",
            "1 ae 0 0 1 a  ",
            "2 ks 0 0 1 a ",
            "11 ks 0 0 1 a ",
            " 1 ks 0 0 1 a ",
            // In the middle of a letter.
            "1 ks 0 0 1 é ",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(read(b"1 ks 0 0 1 a \xff"), None);
    }

    fn any_about() -> impl Strategy<Value = About> {
        let change = prop_oneof![
            Just(Change::Set),
            Just(Change::Removed),
            Just(Change::Expired),
            Just(Change::Loaded)
        ];
        let mark = || prop_oneof![Just(Mark::Remove), Just(Mark::Expire)];
        prop_oneof![
            (any::<String>(), change).prop_map(|(key, change)| About::Key { key, change }),
            (any::<String>(), mark()).prop_map(|(tag, mark)| About::Tag { tag, mark }),
            mark().prop_map(About::All),
        ]
    }

    fn any_message() -> impl Strategy<Value = Message> {
        let parts = (any::<u64>(), any::<String>(), any::<u64>(), any_about());
        parts.prop_map(|(instance, cache, generation, about)| {
            let generation = Generation::from_u64(generation);
            Message { instance, cache, generation, about }
        })
    }

    proptest! {
        #[test]
        fn every_message_comes_back(message in any_message()) {
            prop_assert_eq!(read(write(&message).as_bytes()), Some(message));
        }

        #[test]
        fn no_bytes_are_too_strange_to_be_read(bytes: Vec<u8>) {
            read(&bytes);
        }

        #[test]
        fn what_is_read_is_said_in_one_way(
            message in any_message(),
            place: prop::sample::Index,
            other: u8,
        ) {
            let mut bytes = write(&message).into_bytes();
            let place = place.index(bytes.len());
            bytes[place] = other;
            if let Some(read) = read(&bytes) {
                prop_assert_eq!(write(&read).into_bytes(), bytes);
            }
        }
    }
}
