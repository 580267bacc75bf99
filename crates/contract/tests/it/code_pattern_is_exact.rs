use std::collections::BTreeSet;

use bartizan_contract::Code;
use proptest::prelude::*;
use proptest::string::string_regex;

/// Matches by the few constructs of ECMA-262 that the pattern uses: `^...$`, a letter, `[a-z_]`,
/// `(...)`, `{m,n}` and `?`.
fn matches(pattern: &str, text: &str) -> bool {
    let inner = pattern.strip_prefix('^').and_then(|it| it.strip_suffix('$')).unwrap();
    rests(inner, BTreeSet::from([text])).contains("")
}

/// What may be left of the texts after the pattern.
fn rests<'a>(mut pattern: &str, mut texts: BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    while !pattern.is_empty() {
        let (item, rest) = match pattern.chars().next().unwrap() {
            '[' => pattern.split_at(pattern.find(']').unwrap() + 1),
            '(' => pattern.split_at(pattern.find(')').unwrap() + 1),
            _ => pattern.split_at(1),
        };
        let (least, most, rest) = quantifier(rest);
        let mut reached = BTreeSet::new();
        for round in 0..=most {
            if round >= least {
                reached.extend(&texts);
            }
            texts = one(item, &texts);
        }
        (pattern, texts) = (rest, reached);
    }
    texts
}

fn one<'a>(item: &str, texts: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    if let Some(group) = item.strip_prefix('(') {
        return rests(group.strip_suffix(')').unwrap(), texts.clone());
    }
    let set: Vec<_> = item.trim_matches(['[', ']']).chars().collect();
    let spans = |it: &[char], found| matches!(it, &[from, '-', to] if (from..=to).contains(&found));
    let has =
        |found| found != '-' && set.contains(&found) || set.windows(3).any(|it| spans(it, found));
    texts.iter().filter_map(|text| text.strip_prefix(has)).collect()
}

fn quantifier(rest: &str) -> (usize, usize, &str) {
    if let Some(rest) = rest.strip_prefix('?') {
        return (0, 1, rest);
    }
    let Some((bounds, rest)) = rest.strip_prefix('{').and_then(|it| it.split_once('}')) else {
        return (1, 1, rest);
    };
    let (least, most) = bounds.split_once(',').unwrap();
    (least.parse().unwrap(), most.parse().unwrap(), rest)
}

fn assert_agrees(text: &str) -> bool {
    let expected = Code::is_well_formed(text);
    assert_eq!(matches(Code::PATTERN, text), expected, "{text:?}");
    expected
}

#[test]
fn for_every_character_at_each_place() {
    let characters = (0..=0xff_u8).map(char::from).chain(['\u{130}', '\u{661}', '\u{ff21}']);
    let mut codes = [0; 5];
    for c in characters {
        let texts = [
            format!("{c}"),
            format!("{c}B"),
            format!("A{c}"),
            format!("A{c}B"),
            c.to_string().repeat(63),
        ];
        for (count, text) in codes.iter_mut().zip(texts) {
            *count += usize::from(assert_agrees(&text));
        }
    }
    // 26 letters, ten digits, and `_` within.
    assert_eq!(codes, [26, 26, 36, 37, 26]);
}

#[test]
fn for_every_length_with_each_kind_of_end() {
    for (end, accepted) in [("", 63), ("B", 63), ("2", 62), ("_2", 61), ("_", 0), ("\n", 0)] {
        let texts = (0..=70_usize).map(|length| {
            let letters = "A".repeat(length.saturating_sub(end.len()));
            format!("{letters}{end}")
        });
        let distinct: BTreeSet<_> = texts.collect();
        assert_eq!(distinct.iter().filter(|text| assert_agrees(text)).count(), accepted, "{end:?}");
    }
}

#[test]
fn by_a_matcher_that_tells_patterns_apart() {
    for (pattern, text, expected) in [
        ("^AB?$", "A", true),
        ("^AB?$", "AB", true),
        ("^AB?$", "ABB", false),
        ("^[0-9]{2,3}$", "1", false),
        ("^[0-9]{2,3}$", "123", true),
        ("^[0-9]{2,3}$", "1234", false),
        ("^A(_[A-C]){0,2}$", "A_A_C", true),
        ("^A(_[A-C]){0,2}$", "A_", false),
        ("^A(_[A-C]){0,2}$", "A_-", false),
        // What was published before: it lets a trailing `_` pass.
        ("^[A-Z][A-Z0-9_]{0,62}$", "A_", true),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

fn texts_of_the_pattern() -> impl Strategy<Value = String> {
    string_regex(Code::PATTERN.trim_matches(['^', '$'])).unwrap()
}

proptest! {
    /// `proptest` makes texts by its own reading of the pattern.
    #[test]
    fn for_any_text_made_by_it(text in texts_of_the_pattern()) {
        prop_assert!(assert_agrees(&text), "{}", text);
    }
}
