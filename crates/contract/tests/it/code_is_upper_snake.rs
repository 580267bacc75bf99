use std::panic::catch_unwind;

use bartizan_contract::Code;
use http::StatusCode;

const CHECKED_BY_THE_COMPILER: Code = Code::from_static("QUOTA_EXHAUSTED");
const _: () = assert!(Code::is_well_formed("QUOTA_EXHAUSTED"));
const _: () = assert!(!Code::is_well_formed("quota_exhausted"));

/// 62 and then one or two more characters.
const OF_62: &str = "A2345678901234567890123456789012345678901234567890123456789012";

#[test]
fn accepts_upper_snake_up_to_63_characters() {
    assert_eq!(OF_62.len(), 62);
    let of_63 = format!("{OF_62}3");
    for code in ["A", "A1", "A_B", "A__B", "HTTP_2", "QUOTA_EXHAUSTED", OF_62, &of_63] {
        assert!(Code::is_well_formed(code), "{code}");
    }
}

#[test]
fn refuses_every_other_form() {
    let of_64 = format!("{OF_62}34");
    let malformed = [
        "", "_", "_A", "A_", "1A", "a", "Aa", "A-B", "A.B", "A B", " A", "A\n", "A\0", "\u{c4}",
        "A\u{c4}", "\u{ff21}", &of_64,
    ];
    for code in malformed {
        assert!(!Code::is_well_formed(code), "{code:?}");
    }
}

#[test]
fn panics_on_a_malformed_code_that_no_const_has_checked() {
    let panic = catch_unwind(|| Code::from_static("quota-exhausted")).unwrap_err();
    let words = panic.downcast_ref::<&str>().unwrap();
    assert!(words.starts_with("an error code is UPPER_SNAKE, starts with a letter"), "{words}");
}

#[test]
fn shows_as_its_bare_text() {
    let code = CHECKED_BY_THE_COMPILER;
    assert_eq!(code.as_str(), "QUOTA_EXHAUSTED");
    assert_eq!(code.as_ref(), "QUOTA_EXHAUSTED");
    assert_eq!(format!("{code} {code:?}"), "QUOTA_EXHAUSTED QUOTA_EXHAUSTED");
    assert_eq!(code, Code::from_static("QUOTA_EXHAUSTED"));
    assert!(code > Code::from_static("NOT_FOUND"));
}

#[test]
fn names_each_bare_status() {
    let names = [
        (400, "BAD_REQUEST"),
        (401, "UNAUTHORIZED"),
        (402, "PAYMENT_REQUIRED"),
        (403, "FORBIDDEN"),
        (404, "NOT_FOUND"),
        (405, "METHOD_NOT_ALLOWED"),
        (406, "NOT_ACCEPTABLE"),
        (408, "REQUEST_TIMEOUT"),
        (409, "CONFLICT"),
        (410, "GONE"),
        (411, "LENGTH_REQUIRED"),
        (412, "PRECONDITION_FAILED"),
        (413, "PAYLOAD_TOO_LARGE"),
        (414, "URI_TOO_LONG"),
        (415, "UNSUPPORTED_MEDIA_TYPE"),
        (416, "RANGE_NOT_SATISFIABLE"),
        (417, "EXPECTATION_FAILED"),
        (421, "MISDIRECTED_REQUEST"),
        (422, "VALIDATION_FAILED"),
        (423, "LOCKED"),
        (424, "FAILED_DEPENDENCY"),
        (425, "TOO_EARLY"),
        (426, "UPGRADE_REQUIRED"),
        (428, "PRECONDITION_REQUIRED"),
        (429, "RATE_LIMIT_EXCEEDED"),
        (431, "HEADERS_TOO_LARGE"),
        (451, "UNAVAILABLE_FOR_LEGAL_REASONS"),
        (500, "INTERNAL_ERROR"),
        (501, "NOT_IMPLEMENTED"),
        (502, "BAD_GATEWAY"),
        (503, "SERVICE_UNAVAILABLE"),
        (504, "GATEWAY_TIMEOUT"),
        (507, "INSUFFICIENT_STORAGE"),
    ];
    for (status, name) in names {
        assert_eq!(Code::of_status(StatusCode::from_u16(status).unwrap()).as_str(), name);
    }
}

#[test]
fn has_a_well_formed_name_for_every_status_there_is() {
    for status in 100..=999 {
        let code = Code::of_status(StatusCode::from_u16(status).unwrap());
        assert!(Code::is_well_formed(code.as_str()), "{status} {code}");
    }
    for (status, code) in [
        (418, Code::BAD_REQUEST),
        (499, Code::BAD_REQUEST),
        (505, Code::INTERNAL_ERROR),
        (599, Code::INTERNAL_ERROR),
    ] {
        assert_eq!(Code::of_status(StatusCode::from_u16(status).unwrap()), code);
    }
}
