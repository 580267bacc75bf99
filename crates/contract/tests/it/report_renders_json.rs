use bartizan_contract::{Code, Details, ErrorReport};
use http::StatusCode;

use crate::support::json;

const CODE: Code = Code::from_static("QUOTA_EXHAUSTED");

fn report(message: impl Into<std::borrow::Cow<'static, str>>) -> ErrorReport {
    ErrorReport::new(StatusCode::TOO_MANY_REQUESTS, CODE, message)
}

fn message(text: &str) -> String {
    let rendered = json(&report(text.to_owned()));
    let rest = rendered.strip_prefix(r#"{"success":false,"error":{"message":"#).unwrap();
    rest.strip_suffix(r#","code":"QUOTA_EXHAUSTED"}}"#).unwrap().to_owned()
}

#[test]
fn message_then_code() {
    assert_eq!(
        json(&report("Quota exhausted")),
        r#"{"success":false,"error":{"message":"Quota exhausted","code":"QUOTA_EXHAUSTED"}}"#
    );
}

#[test]
fn then_details_and_the_request_id_last() {
    let plain = report("m");
    assert_eq!(
        plain.to_json_with(Some("r-1")),
        r#"{"success":false,"error":{"message":"m","code":"QUOTA_EXHAUSTED","requestId":"r-1"}}"#
    );
    let details = Details::none().with("limit", 20).with("tier", "free");
    let detailed = report("m").with_details(details);
    assert_eq!(
        detailed.to_json_with(Some("r-1")),
        concat!(
            r#"{"success":false,"error":{"message":"m","code":"QUOTA_EXHAUSTED","#,
            r#""limit":20,"tier":"free","requestId":"r-1"}}"#
        )
    );
    assert_eq!(detailed.to_json(), detailed.to_json_with(None));
}

/// RFC 8259, section 7: quotation mark, reverse solidus and the control characters up to U+001F.
#[test]
fn escapes_what_rfc_8259_says_must_be_escaped() {
    let short = [
        ('"', r#"\""#),
        ('\\', r"\\"),
        ('\u{8}', r"\b"),
        ('\t', r"\t"),
        ('\n', r"\n"),
        ('\u{c}', r"\f"),
        ('\r', r"\r"),
    ];
    for (character, escaped) in short {
        assert_eq!(message(&format!("a{character}b")), format!("\"a{escaped}b\""));
    }
    for number in (0..0x20_u8).filter(|number| ![8, 9, 10, 12, 13].contains(number)) {
        let character = char::from(number);
        assert_eq!(message(&format!("a{character}b")), format!("\"a\\u{number:04x}b\""));
    }
}

#[test]
fn leaves_every_other_character_alone() {
    for text in ["", "/<>&'", "\u{7f}", "\u{80}", "\u{2028}", "Gr\u{fc}\u{df}e", "\u{1f980}"] {
        assert_eq!(message(text), format!("\"{text}\""));
    }
}

#[test]
fn escapes_the_request_id_too() {
    assert_eq!(
        report("m").to_json_with(Some(r#"","x":""#)),
        concat!(
            r#"{"success":false,"error":{"message":"m","code":"QUOTA_EXHAUSTED","#,
            r#""requestId":"\",\"x\":\""}}"#
        )
    );
}

#[test]
fn matches_the_schema_that_it_declares() {
    let schema = ErrorReport::body_schema();
    assert_eq!(schema.name(), Some("ErrorBody"));
    let error = &schema.json()["properties"]["error"];
    assert_eq!(schema.json()["required"], serde_json::json!(["success", "error"]));
    assert_eq!(schema.json()["properties"]["success"]["const"], false);
    assert_eq!(error["required"], serde_json::json!(["message", "code"]));
    assert_eq!(error["properties"]["code"]["pattern"], Code::PATTERN);
    // Details are members of the error, so it must stay open.
    assert_eq!(error.get("additionalProperties"), None);
}
