use std::error::Error;

use bartizan_contract::{Code, Details, ErrorReport};
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::json;

const RESERVED: [&str; 8] =
    ["message", "code", "requestId", "type", "title", "status", "detail", "instance"];

fn rendered(details: Details) -> String {
    let code = Code::from_static("C");
    json(&ErrorReport::new(StatusCode::BAD_REQUEST, code, "m").with_details(details))
}

#[test]
fn stand_in_the_error_as_they_were_written() {
    let members = r#""retryAfter": 60 , "tier":"free""#;
    let details = Details::parse(members).unwrap();
    assert_eq!(details.as_str(), members);
    assert_eq!(
        rendered(details),
        r#"{"success":false,"error":{"message":"m","code":"C","retryAfter": 60 , "tier":"free"}}"#
    );
}

#[test]
fn may_be_none_or_blank() {
    let without = r#"{"success":false,"error":{"message":"m","code":"C"}}"#;
    for details in [Details::none(), Details::default(), Details::parse(" \n").unwrap()] {
        assert!(details.is_empty());
        assert_eq!(rendered(details), without);
    }
    assert!(!Details::none().with("a", 1).is_empty());
}

#[test]
fn refuse_what_is_not_the_inside_of_an_object() {
    let malformed = [
        "a",
        r#""a""#,
        r#""a":"#,
        r#""a":1,"#,
        r#","a":1"#,
        r#""a":1 "b":2"#,
        r#"{"a":1}"#,
        r#""a":1},"b":{"c":2"#,
        r#""a":1}"#,
        r#""a":01"#,
        "\"a\":\"\n\"",
    ];
    for members in malformed {
        let error = Details::parse(members).unwrap_err();
        assert_eq!(error.to_string(), "details are not the members of a JSON object", "{members}");
        assert!(error.source().unwrap().is::<serde_json::Error>());
    }
}

#[test]
fn refuse_the_names_that_renderings_write_themselves() {
    for name in RESERVED {
        let error = Details::parse(format!(r#""a":1,"{name}":2"#)).unwrap_err();
        assert_eq!(error.to_string(), format!("details name the reserved member `{name}`"));
        assert!(error.source().is_none());
    }
    let in_disguise = Details::parse(r#""mess\u0061ge":1"#).unwrap_err();
    assert_eq!(in_disguise.to_string(), "details name the reserved member `message`");
    for allowed in [r#""Message":1"#, r#""success":1"#, r#""a":{"message":1}"#] {
        assert!(Details::parse(allowed).is_ok(), "{allowed}");
    }
}

#[test]
fn grow_member_by_member() {
    let details = Details::none()
        .with("limit", 20)
        .with("tier", "free")
        .with("of", json!({ "a": [1, null] }))
        .with("quo\"ted\n", true);
    assert_eq!(
        details.as_str(),
        r#""limit":20,"tier":"free","of":{"a":[1,null]},"quo\"ted\n":true"#
    );
    assert_eq!(format!("{details:?}"), format!("{{{}}}", details.as_str()));
}

#[test]
fn grow_from_a_blank_text_and_from_a_template() {
    let from_blank = Details::parse(" ").unwrap().with("a", 1);
    assert_eq!(
        rendered(from_blank),
        r#"{"success":false,"error":{"message":"m","code":"C","a":1}}"#
    );
    let from_template = Details::from_template(r#""a":1"#).with("b", Value::Null);
    assert_eq!(from_template.as_str(), r#""a":1,"b":null"#);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "only debug builds check templates")]
#[should_panic(expected = "not JSON members: nonsense")]
fn panic_on_a_template_that_is_none_while_debugging() {
    let _ = Details::from_template("nonsense");
}

#[test]
fn never_add_a_reserved_name() {
    for name in RESERVED {
        let added = std::panic::catch_unwind(|| Details::none().with(name, 1));
        match added {
            Ok(details) => assert!(details.is_empty()),
            Err(panic) => {
                let words = panic.downcast_ref::<String>().unwrap();
                assert_eq!(*words, format!("`{name}` is a reserved member"));
            }
        }
    }
}
