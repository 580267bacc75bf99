//! What a request directs.

use crate::harness::{Case, case, get, not_modified, ok};

const STORED: &str = "Cache-Control: max-age=3600\nETag: \"a\"";

/// The stored answer with these fields is given to a request with these directives.
fn given(name: &'static str, section: &'static str, stored: &str, directives: &str) -> Case {
    let with = format!("Cache-Control: {directives}");
    case(name, section, [get().to(ok(stored)).fetched(), get().with(&with).reused(1)]).may()
}

/// The origin is asked for a request with these directives.
fn asked(name: &'static str, section: &'static str, stored: &str, directives: &str) -> Case {
    let with = format!("Cache-Control: {directives}");
    case(name, section, [get().to(ok(stored)).fetched(), get().with(&with).fetched()]).may()
}

/// A request with these directives is answered 504 without the origin.
fn refused(name: &'static str, stored: &str) -> Case {
    let steps = [
        get().to(ok(stored)).fetched(),
        get().with("Cache-Control: only-if-cached").status(504).calls(0),
    ];
    case(name, "9111 5.2.1.7", steps).may()
}

pub(super) fn cases() -> Vec<Case> {
    [age(), staleness(), others()].concat()
}

fn age() -> Vec<Case> {
    let old = "Cache-Control: max-age=3600\nAge: 100";
    vec![
        asked("a max-age of zero asks the origin", "9111 5.2.1.1", STORED, "max-age=0"),
        asked("a max-age below the age asks the origin", "9111 5.2.1.1", old, "max-age=50"),
        given("a max-age above the age is content", "9111 5.2.1.1", old, "max-age=200"),
        given("a quoted max-age above the age is content", "9111 5.2", old, "max-age=\"200\""),
        asked("MAX-AGE is max-age in a request", "9111 5.2", old, "MAX-AGE=50"),
        given("a max-age past 2^64 is content", "9111 1.2.2", old, "max-age=99999999999999999999"),
        asked(
            "max-age does not make a stale response fresh",
            "9111 5.2.1.1",
            "Cache-Control: max-age=50\nAge: 100",
            "max-age=200",
        ),
        given("min-fresh is met by enough lifetime", "9111 5.2.1.3", old, "min-fresh=3000"),
        asked(
            "min-fresh above the rest of the lifetime asks",
            "9111 5.2.1.3",
            old,
            "min-fresh=3550",
        ),
        asked("min-fresh past 2^64 asks", "9111 1.2.2", old, "min-fresh=99999999999999999999"),
        case(
            "a max-age of zero validates what is stored",
            "9111 5.2.1.1",
            [
                get().to(ok(STORED)).fetched(),
                get().with("Cache-Control: max-age=0").to(not_modified(STORED)).validated(1),
                get().reused(1),
            ],
        )
        .may(),
    ]
}

fn staleness() -> Vec<Case> {
    let stale = "Cache-Control: max-age=50\nAge: 100";
    vec![
        given("max-stale above the staleness is content", "9111 5.2.1.2", stale, "max-stale=100")
            .of_rfc(),
        asked("max-stale below the staleness asks", "9111 5.2.1.2", stale, "max-stale=20"),
        given("max-stale without a number is content", "9111 5.2.1.2", stale, "max-stale").of_rfc(),
        asked(
            "a max-stale of zero asks for a stale response",
            "9111 5.2.1.2",
            stale,
            "max-stale=0",
        ),
        given(
            "max-age and max-stale are met together",
            "9111 5.2.1.1",
            stale,
            "max-age=200, max-stale=100",
        )
        .of_rfc(),
        asked(
            "max-stale does not widen max-age",
            "9111 5.2.1.1",
            stale,
            "max-age=20, max-stale=10",
        ),
        case(
            "a stale response that a client takes says its age",
            "9111 4",
            [
                get().to(ok(stale)).fetched(),
                get().with("Cache-Control: max-stale=100").from(1).age(100..=102),
            ],
        )
        .may()
        .of_rfc(),
        case(
            "what one client takes stale is not given to the next",
            "9111 4.2.4",
            [
                get().to(ok(stale)).fetched(),
                get().with("Cache-Control: max-stale=100").to(ok("Cache-Control: no-store")),
                get().fetched(),
            ],
        ),
        case(
            "no-cache is not given to a client that takes stale",
            "9111 4.2.4",
            [
                get().to(ok("Cache-Control: no-cache, max-age=60\nETag: \"a\"")).fetched(),
                get().with("Cache-Control: max-stale").fetched(),
            ],
        ),
    ]
}

fn others() -> Vec<Case> {
    let no_store = "Cache-Control: no-store";
    vec![
        asked("no-cache asks the origin", "9111 5.2.1.4", STORED, "no-cache"),
        asked("NO-CACHE is no-cache in a request", "9111 5.2", STORED, "NO-CACHE"),
        asked(
            "no-cache among others asks the origin",
            "9111 5.2.1.4",
            STORED,
            "unknown=\"x\", no-cache",
        ),
        given("a quoted no-cache is none", "9111 5.2", STORED, "unknown=\"no-cache\""),
        given("an unknown directive changes nothing", "9111 5.2.3", STORED, "unknown"),
        given("no-transform changes nothing", "9111 5.2.1.6", STORED, "no-transform"),
        case(
            "no-cache validates what is stored",
            "9111 5.2.1.4",
            [
                get().to(ok(STORED)).fetched(),
                get().with("Cache-Control: no-cache").to(not_modified(STORED)).validated(1),
                get().reused(1),
            ],
        )
        .may(),
        case(
            "the answer to no-cache replaces what is stored",
            "9111 4",
            [
                get().to(ok(STORED)).fetched(),
                get()
                    .with("Cache-Control: no-cache")
                    .to(ok("Cache-Control: max-age=3600"))
                    .fetched(),
                get().reused(2),
            ],
        )
        .may(),
        case(
            "the answer to no-store is not stored",
            "9111 5.2.1.5",
            [get().with(no_store).to(ok(STORED)).fetched(), get().fetched()],
        ),
        case(
            "the answer to NO-STORE is not stored",
            "9111 5.2.1.5",
            [get().with("Cache-Control: foo, NO-STORE").to(ok(STORED)).fetched(), get().fetched()],
        ),
        case(
            "the answer to no-store does not replace what is stored",
            "9111 5.2.1.5",
            [
                get().to(ok(STORED)).fetched(),
                get().with("Cache-Control: no-store, no-cache").to(ok(STORED)),
                get().from(1),
            ],
        )
        .may(),
        given("no-store may be given what is stored", "9111 5.2.1.5", STORED, "no-store"),
        given("only-if-cached is given what is stored", "9111 5.2.1.7", STORED, "only-if-cached"),
        refused("only-if-cached is refused what is stale", "Cache-Control: max-age=0"),
        refused("only-if-cached is refused what is not stored", no_store),
        case(
            "only-if-cached does not ask for a new URI",
            "9111 5.2.1.7",
            [get().with("Cache-Control: only-if-cached").status(504).calls(0)],
        )
        .may(),
        case(
            "Pragma asks the origin",
            "9111 5.4",
            [get().to(ok(STORED)).fetched(), get().with("Pragma: no-cache").fetched()],
        )
        .may(),
        case(
            "Pragma means nothing beside Cache-Control",
            "9111 5.4",
            [
                get().to(ok(STORED)).fetched(),
                get().with("Pragma: no-cache\nCache-Control: max-age=600").reused(1),
            ],
        )
        .may(),
    ]
}
