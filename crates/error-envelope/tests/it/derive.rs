//! `#[derive(ApiError)]`: the report, the catalogue and the description of each kind of variant.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{Html, IntoResponse, Response};
use bartizan_contract::{DescribeOutput, Description, Operation};
use bartizan_error_envelope::{__private, ApiError, ErrorCase, ErrorReport, LogLevel};
use http::{Method, StatusCode};

/// The whole syntax, once.
#[derive(Debug, ApiError)]
#[api(into_response)]
enum LeadError {
    #[api(status = 404, code = "LEAD_NOT_FOUND", message = "Lead {id} does not exist")]
    NotFound { id: u64 },
    #[api(
        status = 409,
        code = "EMAIL_TAKEN",
        message = "{0:?} is taken by {1:>4}, {{not}} by {0}",
        details(email = 0, "X-Owner" = 1)
    )]
    Taken(String, u32),
    #[api(status = 429, code = "SLOW_DOWN", retry_after = wait, level = "info", details(tier))]
    Slow { wait: Duration, tier: &'static str },
    #[api(status = 503, code = "WARMING_UP", message = "Soon {{ready}}")]
    #[api(retry_after = .1, details(stage = .0))]
    WarmingUp(&'static str, Duration),
    #[api(status = 500, code = "STORE_FAILED")]
    Store(StoreError),
    #[api(status = 418, code = "NO_COFFEE", retry_after = 30, level = "off")]
    NoCoffee,
    #[api(transparent)]
    Mail(MailError),
    #[api(transparent)]
    Quota { cause: QuotaError },
    #[api(status = 400, code = "BAD_KIND", message = "{type} is no kind")]
    #[api(details(r#type2, kind = r#type))]
    Kind { r#type: String, r#type2: Option<bool> },
}

#[derive(Debug)]
struct StoreError;

#[derive(Debug, ApiError)]
enum MailError {
    #[api(status = 502, code = "MAIL_REFUSED", message = "The mail server refused")]
    #[api(level = "warn")]
    Refused,
}

#[derive(Debug, ApiError)]
#[api(crate = ::bartizan_error_envelope, into_response)]
enum QuotaError {
    #[api(status = 402, code = "QUOTA_USED_UP", details(limit, used))]
    UsedUp { limit: u32, used: Vec<u32> },
}

/// Leaves the answer to a handler's author.
#[derive(Debug, ApiError)]
enum PageError {
    #[api(status = 404, code = "NO_SUCH_PAGE")]
    Missing,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        (self.to_report().status(), Html("<h1>No such page</h1>")).into_response()
    }
}

/// Both ways through it lead to `StoreFailed`.
#[derive(Debug, ApiError)]
enum Diamond {
    #[api(transparent)]
    Leads(LeadsOverStore),
    #[api(status = 400, code = "BAD_CURSOR", message = "No cursor")]
    Cursor,
    #[api(transparent)]
    Users { cause: UsersOverStore },
}

#[derive(Debug, ApiError)]
enum LeadsOverStore {
    #[api(status = 404, code = "NO_LEAD", message = "Not here")]
    None,
    #[api(transparent)]
    Store(StoreFailed),
}

/// Its own case is one of `StoreFailed` too.
#[derive(Debug, ApiError)]
enum UsersOverStore {
    #[api(transparent)]
    Store(StoreFailed),
    #[api(status = 404, code = "NO_USER", message = "Not here")]
    None,
    #[api(status = 503, code = "STORE_BUSY", message = "Later")]
    Busy,
}

#[derive(Debug, ApiError)]
enum StoreFailed {
    #[api(status = 503, code = "STORE_BUSY", message = "Later", retry_after = 1)]
    Busy,
    #[api(status = 500, code = "STORE_LOST")]
    Lost,
}

/// The same type twice.
#[derive(Debug, ApiError)]
enum Copying {
    #[api(transparent)]
    Reading(StoreFailed),
    #[api(transparent)]
    Writing(StoreFailed),
}

/// Statuses and a code at their limits.
#[derive(Debug, ApiError)]
enum Limits {
    #[api(status = 400, code = "A")]
    Lowest,
    #[api(status = 599, code = "A23456789_123456789_123456789_123456789_123456789_123456789_123")]
    Highest,
}

macro_rules! operators_words {
    ($($error:ty: $text:literal;)+) => {
        $(
            impl fmt::Display for $error {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str($text)
                }
            }
        )+
    };
}

operators_words! {
    LeadError: "secret lead words";
    StoreError: "secret store words";
    MailError: "secret mail words";
    QuotaError: "secret quota words";
    Limits: "secret limit words";
    PageError: "secret page words";
    Diamond: "secret words of all";
    LeadsOverStore: "secret words of leads";
    UsersOverStore: "secret words of users";
    StoreFailed: "secret words of the store";
    Copying: "secret words of copying";
}

impl Error for StoreError {}
impl Error for MailError {}
impl Error for QuotaError {}
impl Error for Limits {}
impl Error for PageError {}
impl Error for Diamond {}
impl Error for LeadsOverStore {}
impl Error for UsersOverStore {}
impl Error for StoreFailed {}
impl Error for Copying {}
impl Error for LeadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Store(store) => Some(store),
            _ => None,
        }
    }
}

fn json(report: &ErrorReport) -> String {
    String::from_utf8(report.to_json().to_vec()).unwrap()
}

fn listed(catalogue: &[ErrorCase]) -> Vec<(u16, &str, &str)> {
    catalogue.iter().map(|case| (case.status.as_u16(), case.code.as_str(), case.message)).collect()
}

fn taken() -> LeadError {
    LeadError::Taken("a@b.c".to_owned(), 7)
}

#[test]
fn a_variant_has_its_status_code_and_message() {
    let report = LeadError::NotFound { id: 17 }.to_report();
    assert_eq!(report.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        json(&report),
        r#"{"success":false,"error":{"message":"Lead 17 does not exist","code":"LEAD_NOT_FOUND"}}"#
    );
}

#[test]
fn statuses_from_400_to_599_and_codes_of_1_to_63_characters_are_taken() {
    let [lowest, highest] = [Limits::Lowest, Limits::Highest].map(|error| error.to_report());
    assert_eq!((lowest.status().as_u16(), lowest.code().as_str().len()), (400, 1));
    assert_eq!((highest.status().as_u16(), highest.code().as_str().len()), (599, 63));
}

#[test]
fn a_message_formats_fields_by_position_and_keeps_doubled_braces_single() {
    assert_eq!(taken().to_report().message(), r#""a@b.c" is taken by    7, {not} by a@b.c"#);
    let warming = LeadError::WarmingUp("load", Duration::ZERO).to_report();
    assert_eq!(warming.message(), "Soon {ready}");
}

#[test]
fn details_are_members_of_the_error_object_under_their_wire_names() {
    assert_eq!(taken().to_report().details().as_str(), r#""email":"a@b.c","X-Owner":7"#);
    let used_up = QuotaError::UsedUp { limit: 5, used: vec![2, 3] }.to_report();
    assert_eq!(used_up.details().as_str(), r#""limit":5,"used":[2,3]"#);
}

#[test]
fn a_position_in_details_may_have_a_dot() {
    let warming = LeadError::WarmingUp("load", Duration::ZERO).to_report();
    assert_eq!(warming.details().as_str(), r#""stage":"load""#);
}

#[test]
fn raw_identifiers_are_named_without_their_prefix() {
    let report = LeadError::Kind { r#type: "x".to_owned(), r#type2: None }.to_report();
    assert_eq!(report.message(), "x is no kind");
    assert_eq!(report.details().as_str(), r#""type2":null,"kind":"x""#);
}

#[test]
fn retry_after_is_a_named_field_a_position_or_seconds() {
    let wait = Duration::from_millis(1_200);
    let slow = LeadError::Slow { wait, tier: "free" }.to_report();
    assert_eq!(slow.retry_after(), Some(wait));
    assert_eq!(slow.details().as_str(), r#""tier":"free""#);
    assert_eq!(LeadError::WarmingUp("", wait).to_report().retry_after(), Some(wait));
    assert_eq!(LeadError::NoCoffee.to_report().retry_after(), Some(Duration::from_secs(30)));
    assert_eq!(taken().to_report().retry_after(), None);
}

#[test]
fn the_level_is_the_written_one_or_follows_from_the_status() {
    let slow = LeadError::Slow { wait: Duration::ZERO, tier: "" };
    assert_eq!(slow.to_report().log_level(), LogLevel::Info);
    assert_eq!(LeadError::NoCoffee.to_report().log_level(), LogLevel::Off);
    assert_eq!(MailError::Refused.to_report().log_level(), LogLevel::Warn);
    assert_eq!(taken().to_report().log_level(), LogLevel::Debug);
    assert_eq!(LeadError::Store(StoreError).to_report().log_level(), LogLevel::Error);
}

#[test]
fn without_a_message_clients_read_the_words_of_the_status_and_never_the_display_text() {
    assert_eq!(
        json(&LeadError::Store(StoreError).into_report()),
        r#"{"success":false,"error":{"message":"Internal server error","code":"STORE_FAILED"}}"#
    );
    assert_eq!(LeadError::NoCoffee.to_report().message(), "The request was refused");
}

#[test]
fn the_words_of_the_catalogue_are_those_of_the_report_for_every_status() {
    for status in 400..=599 {
        let status = StatusCode::from_u16(status).unwrap();
        let report = ErrorReport::from_status(status);
        assert_eq!(__private::words(status.as_u16()), report.message(), "{status}");
    }
}

#[test]
fn a_transparent_variant_reports_what_the_inner_error_does() {
    let report = LeadError::Mail(MailError::Refused).to_report();
    assert_eq!(report.to_string(), "502 MAIL_REFUSED: The mail server refused");
    assert_eq!(report.log_level(), LogLevel::Warn);
    let cause = QuotaError::UsedUp { limit: 5, used: Vec::new() };
    let report = LeadError::Quota { cause }.to_report();
    assert_eq!(report.to_string(), "402 QUOTA_USED_UP: Payment is required");
    assert_eq!(report.details().as_str(), r#""limit":5,"used":[]"#);
}

#[test]
fn the_error_itself_is_the_reports_source_with_its_own_causes() {
    let report = LeadError::Store(StoreError).into_report();
    let error = report.source().unwrap();
    assert!(matches!(error.downcast_ref(), Some(LeadError::Store(_))));
    assert!(error.source().unwrap().is::<StoreError>());
    assert!(LeadError::Store(StoreError).to_report().source().is_none());
}

#[test]
fn the_catalogue_lists_own_and_inner_cases_in_order_with_templates_as_written() {
    const CATALOGUE: &[ErrorCase] = LeadError::CATALOGUE;
    assert_eq!(
        listed(CATALOGUE),
        [
            (404, "LEAD_NOT_FOUND", "Lead {id} does not exist"),
            (409, "EMAIL_TAKEN", "{0:?} is taken by {1:>4}, {{not}} by {0}"),
            (429, "SLOW_DOWN", "Too many requests"),
            (503, "WARMING_UP", "Soon {{ready}}"),
            (500, "STORE_FAILED", "Internal server error"),
            (418, "NO_COFFEE", "The request was refused"),
            (502, "MAIL_REFUSED", "The mail server refused"),
            (402, "QUOTA_USED_UP", "Payment is required"),
            (400, "BAD_KIND", "{type} is no kind"),
        ]
    );
}

#[test]
fn a_case_that_several_transparent_variants_bring_stands_once_in_the_catalogue() {
    assert_eq!(
        listed(Diamond::CATALOGUE),
        [
            (404, "NO_LEAD", "Not here"),
            (503, "STORE_BUSY", "Later"),
            (500, "STORE_LOST", "Internal server error"),
            (400, "BAD_CURSOR", "No cursor"),
            (404, "NO_USER", "Not here"),
        ]
    );
    for (error, code) in [
        (Diamond::Leads(LeadsOverStore::Store(StoreFailed::Lost)), "STORE_LOST"),
        (Diamond::Users { cause: UsersOverStore::Store(StoreFailed::Lost) }, "STORE_LOST"),
        (Diamond::Leads(LeadsOverStore::None), "NO_LEAD"),
        (Diamond::Users { cause: UsersOverStore::None }, "NO_USER"),
        (Diamond::Cursor, "BAD_CURSOR"),
    ] {
        assert_eq!(error.to_report().code().as_str(), code);
    }
}

#[test]
fn two_transparent_variants_may_hold_the_same_type() {
    assert_eq!(Copying::CATALOGUE, StoreFailed::CATALOGUE);
    for error in [Copying::Reading(StoreFailed::Busy), Copying::Writing(StoreFailed::Busy)] {
        assert_eq!(error.to_report().to_string(), "503 STORE_BUSY: Later");
    }
}

#[test]
fn an_own_case_equal_to_an_inner_one_is_one_case_with_a_report_of_its_own() {
    assert_eq!(UsersOverStore::CATALOGUE.len(), 3);
    assert_eq!(UsersOverStore::Busy.to_report().retry_after(), None);
    let inner = UsersOverStore::Store(StoreFailed::Busy);
    assert_eq!(inner.to_report().retry_after(), Some(Duration::from_secs(1)));
}

#[test]
fn the_description_has_each_case_under_its_status() {
    let mut description = Description::new();
    let operation = Operation::new(&Method::GET, "/leads/{id}", false);
    LeadError::describe_output(&operation, &mut description);
    assert_eq!(description.responses().len(), LeadError::CATALOGUE.len());
    for case in LeadError::CATALOGUE {
        let response = description.response(case.status).unwrap();
        assert_eq!(response.errors(), [*case]);
        assert_eq!(response.contents().len(), 1);
    }
}

#[tokio::test]
async fn with_into_response_a_handlers_error_answers_with_its_json_and_carries_its_report() {
    let response = taken().into_response();
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let report = Arc::clone(response.extensions().get::<Arc<ErrorReport>>().unwrap());
    assert!(report.source().unwrap().is::<LeadError>());
    let body = axum::body::to_bytes(response.into_body(), 1_024).await.unwrap();
    assert_eq!(body, report.to_json());
    assert_eq!(
        body,
        concat!(
            r#"{"success":false,"error":{"message":"\"a@b.c\" is taken by    7, {not} by a@b.c","#,
            r#""code":"EMAIL_TAKEN","email":"a@b.c","X-Owner":7}}"#
        )
    );
}

#[tokio::test]
async fn into_response_goes_with_a_crate_path() {
    let response = QuotaError::UsedUp { limit: 5, used: vec![2] }.into_response();
    assert_eq!(response.status(), StatusCode::PAYMENT_REQUIRED);
    let body = axum::body::to_bytes(response.into_body(), 1_024).await.unwrap();
    assert_eq!(
        body,
        concat!(
            r#"{"success":false,"error":{"message":"Payment is required","#,
            r#""code":"QUOTA_USED_UP","limit":5,"used":[2]}}"#
        )
    );
}

#[tokio::test]
async fn without_into_response_a_handlers_error_answers_as_its_author_says() {
    let response = PageError::Missing.into_response();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let body = axum::body::to_bytes(response.into_body(), 1_024).await.unwrap();
    assert_eq!(body, "<h1>No such page</h1>");
}

#[test]
fn explains_each_mistake_where_it_stands() {
    trybuild::TestCases::new().compile_fail("tests/derive-fails/*.rs");
}
