//! What is refused before any database is asked.

use std::time::{Duration, UNIX_EPOCH};

use bartizan_server::data::DatabaseUrl;
use bartizan_server::data::seed::demo_location;
use bartizan_server::domain::analyses::HealthScore;
use bartizan_server::domain::leads::{LeadQuery, NewLead, NewLeadInput};
use bartizan_server::domain::{Email, FieldError, Limit, LocationId, Retention, Timestamp};

fn lead() -> NewLeadInput {
    NewLeadInput {
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        company: None,
        phone: None,
        source: None,
    }
}

#[test]
fn names_the_field_that_is_not_what_was_expected() {
    let refused = |input: NewLeadInput| NewLead::try_from(input).unwrap_err().field();

    assert!(NewLead::try_from(lead()).is_ok());
    assert_eq!(refused(NewLeadInput { name: " \t".to_owned(), ..lead() }), "name");
    assert_eq!(refused(NewLeadInput { name: "é".repeat(121), ..lead() }), "name");
    assert_eq!(refused(NewLeadInput { name: "A\u{7}da".to_owned(), ..lead() }), "name");
    assert_eq!(refused(NewLeadInput { email: "ada".to_owned(), ..lead() }), "email");
    assert_eq!(refused(NewLeadInput { phone: Some("call me".to_owned()), ..lead() }), "phone");
    assert!(NewLead::try_from(NewLeadInput { name: "é".repeat(120), ..lead() }).is_ok());
}

#[test]
fn admits_mail_addresses_with_one_local_part_and_a_dotted_domain() {
    for address in ["a@b.c", "first.last+tag@sub.example.com", " Ada@Example.com "] {
        assert!(address.parse::<Email>().is_ok(), "{address}");
    }
    for address in ["", "ada", "@b.c", "a@", "a@b", "a@b.", "a@.c", "a b@c.d", "a@b@c.d"] {
        assert!(address.parse::<Email>().is_err(), "{address}");
    }
}

#[test]
fn bounds_scores_limits_and_pages() {
    assert!(HealthScore::new(100).is_ok());
    assert!(HealthScore::new(101).is_err());
    assert!(Limit::new(0).is_err());
    assert!(Limit::new(101).is_err());
    let page = |page: u32| LeadQuery::new(page, Limit::MAX, None).map(drop);
    assert!(page(0).is_err());
    assert!(page(101).is_ok());
    assert!(page(102).is_err());
    assert!(page(u32::MAX).is_err());
}

#[test]
fn admits_ids_of_plain_characters() {
    assert_eq!("loc_demo_1".parse(), Ok(demo_location()));
    for id in ["", "a b", "a/b", "ä", &"x".repeat(65)] {
        let refused: Result<LocationId, FieldError> = id.parse();
        assert_eq!(refused.unwrap_err().field(), "locationId");
    }
}

#[test]
fn keeps_instants_in_microseconds_and_writes_them_in_utc() {
    let instant = Timestamp::from(UNIX_EPOCH + Duration::from_micros(1_795_132_800_000_001));

    assert_eq!(instant.as_micros(), 1_795_132_800_000_001);
    assert_eq!(serde_json::to_string(&instant).unwrap(), "\"2026-11-20T00:00:00.000001Z\"");
    assert_eq!(Timestamp::MIN.before(Duration::MAX), Timestamp::MIN);
    assert_eq!(Retention::Unlimited.since(instant), Timestamp::MIN);
}

#[test]
fn reads_the_url_of_a_database_and_hides_its_password() {
    let url: DatabaseUrl = "postgres://ada:secret@db.example:5433/tower".parse().unwrap();
    assert_eq!(format!("{url}"), "postgres://ada@db.example:5433/tower");
    assert!(!format!("{url:?}").contains("secret"));
    let url: DatabaseUrl = "sqlite://data/tower.db".parse().unwrap();
    assert_eq!(format!("{url}"), "sqlite:data/tower.db");
    for url in ["", "sqlite:", "sqlite::memory:", "mysql://localhost/x", "postgres://[::1"] {
        assert!(url.parse::<DatabaseUrl>().is_err(), "{url}");
    }
}

#[test]
fn an_address_that_is_stored_is_read_again() {
    // Lower case is longer: two bytes become three.
    let longer = format!("{}@example.com", "\u{130}".repeat(32));
    assert!(longer.parse::<Email>().is_err());
    let local = "\u{130}".repeat(21);
    for text in [format!("{local}@example.com"), " Ada@Example.COM ".to_owned()] {
        let email: Email = text.parse().unwrap();
        assert_eq!(email.as_str().parse::<Email>().unwrap(), email);
    }
}
