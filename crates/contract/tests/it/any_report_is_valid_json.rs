use std::collections::BTreeMap;
use std::str::from_utf8;

use bartizan_contract::{Code, Details, ErrorReport};
use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const CODES: [&str; 4] = ["A", "HTTP_2", "QUOTA_EXHAUSTED", "INTERNAL_ERROR"];

/// Any text: half of it full of what JSON must escape.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\\x00-\\x20\"\\\\/{}:,\\x7f\u{2028}\u{1f980}a]{0,12}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Members that no rendering writes itself.
fn members() -> impl Strategy<Value = BTreeMap<String, Value>> {
    const RESERVED: [&str; 8] =
        ["message", "code", "requestId", "type", "title", "status", "detail", "instance"];
    let name = text().prop_filter("a reserved name", |name| !RESERVED.contains(&name.as_str()));
    prop::collection::btree_map(name, value(), 0..5)
}

/// The same members in the three ways there are to say them.
fn ways(members: &BTreeMap<String, Value>) -> [Details; 3] {
    let object = serde_json::to_string(members).unwrap();
    let inside = object[1..object.len() - 1].to_owned();
    [
        members.iter().fold(Details::none(), |it, (name, value)| it.with(name, value.clone())),
        Details::parse(inside.clone()).unwrap(),
        Details::from_template(inside),
    ]
}

proptest! {
    #[test]
    fn with_exactly_the_members_it_was_given(
        message in text(),
        code in prop::sample::select(&CODES[..]),
        members in members(),
        request_id in prop::option::of(text()),
    ) {
        let mut error = Map::from_iter(members.clone());
        error.insert("message".to_owned(), json!(message));
        error.insert("code".to_owned(), json!(code));
        if let Some(id) = &request_id {
            error.insert("requestId".to_owned(), json!(id));
        }
        let count = error.len();
        let expected = json!({ "success": false, "error": error });

        for details in ways(&members) {
            let report = ErrorReport::new(
                StatusCode::BAD_REQUEST,
                Code::from_static(code),
                message.clone(),
            )
            .with_details(details);
            let bytes = report.to_json_with(request_id.as_deref());
            prop_assert_eq!(&serde_json::from_slice::<Value>(&bytes).unwrap(), &expected);
            prop_assert_eq!(written_members(from_utf8(&bytes).unwrap()), count);
        }
    }
}

/// Counts the members of `error` in the text itself, since a parser hides one that stands twice.
fn written_members(text: &str) -> usize {
    let (mut depth, mut in_string, mut escaped, mut count) = (0_u32, false, false, 0);
    for character in text.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ':' if depth == 2 => count += 1,
            _ => {}
        }
    }
    count
}
