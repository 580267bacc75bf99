//! Our decisions beside those of another library, on random exchanges. Each exchange is made of
//! fields whose meaning is known where they are made (`case`). Where the two decide differently,
//! one correction of the exchange after another (`repair`), each with the section of the RFC that
//! asks for it, is put before the other library, until it decides as we do on the raw exchange.

mod case;
mod repair;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use http::{HeaderName, Method, Request, Response, StatusCode};
use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::super::{Asked, Exchange, Heuristics, RequestDirectives, Reuse, Rules, reuse, storing};
use super::storing::exchange;
use case::{Case, PATH, TARGETED};

/// Whether the response is stored, and whether each request after it is answered with it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decisions {
    stored: bool,
    answered: Vec<bool>,
}

fn rules() -> Rules {
    Rules {
        targeted: vec![HeaderName::from_static(TARGETED)],
        heuristics: Some(Heuristics {
            share: 0.1,
            most: Duration::from_secs(repair::MOST_HEURISTIC),
        }),
        stores_set_cookie: true,
        stores_refusals: true,
        serves_without_lifetime: true,
        stores_post: true,
        obeys_requests: true,
        stale_while_revalidate: Duration::ZERO,
        stale_if_error: Duration::ZERO,
        keep_for_validation: Duration::MAX,
        most: Duration::MAX,
    }
}

/// After as many seconds as `case::Later` says, which count from the answer.
fn moment(after: u64) -> SystemTime {
    exchange().answered + Duration::from_secs(after)
}

fn ours(case: &Case) -> Decisions {
    let answered = exchange().answered;
    let exchange = Exchange { asked: answered - Duration::from_secs(case.delay), answered };
    let directives = RequestDirectives::of(&case.request_fields());
    let method = Method::from_bytes(case.method.as_bytes()).unwrap();
    let asked = Asked {
        method: &method,
        is_authorized: case.is_authorized,
        directives: &directives,
        path_and_query: PATH,
    };
    let status = StatusCode::from_u16(case.status).unwrap();
    let terms = storing(asked, status, &case.response_fields(), exchange, &rules());
    let answers = |terms: &super::super::Terms, later: &case::Later| {
        let age = terms.initial_age + Duration::from_secs(later.after);
        let directives = RequestDirectives::of(&later.fields());
        let decision = reuse(terms, age, age.checked_sub(terms.lifetime), &directives);
        age < terms.keep && decision != Reuse::Validate
    };
    let answered = |later| terms.as_ref().is_ok_and(|terms| answers(terms, later));
    Decisions { stored: terms.is_ok(), answered: case.later.iter().map(answered).collect() }
}

fn theirs(case: &Case) -> Decisions {
    let request = |fields: http::HeaderMap| {
        let mut request = Request::builder().method(case.method).uri(PATH).body(()).unwrap();
        *request.headers_mut() = fields;
        request
    };
    let mut response = Response::builder().status(case.status).body(()).unwrap();
    *response.headers_mut() = case.response_fields();
    let first = request(case.request_fields());
    let policy = CachePolicy::new_options(&first, &response, moment(0), CacheOptions::default());
    let stored = policy.is_storable();
    let answered = |later: &case::Later| {
        let decision = policy.before_request(&request(later.fields()), moment(later.after));
        stored && matches!(decision, BeforeRequest::Fresh(_))
    };
    Decisions { stored, answered: case.later.iter().map(answered).collect() }
}

/// The last of the corrections that the other library needs to decide as we do; nothing if they do
/// not make it.
fn explained(case: &Case) -> Option<&'static str> {
    let expected = ours(case);
    let mut corrected = case.clone();
    repair::REPAIRS.iter().find_map(|(reason, correct)| {
        let before = corrected.clone();
        correct(&mut corrected);
        (corrected != before && theirs(&corrected) == expected).then_some(*reason)
    })
}

/// Corrected throughout, the exchange is decided alike, be it so before or not.
fn check(case: &Case) -> Result<(), TestCaseError> {
    let mut corrected = case.clone();
    for (_, correct) in repair::REPAIRS {
        correct(&mut corrected);
    }
    prop_assert_eq!(theirs(&corrected), ours(case), "corrected: {:?}", corrected);
    Ok(())
}

#[test]
fn on_a_fixed_corpus_every_disagreement_has_its_section_and_every_section_its_disagreement() {
    let config = Config { cases: 10_000, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::XorShift);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let found = std::cell::RefCell::new(BTreeMap::<_, u32>::new());
    let result = runner.run(&case::cases(), |case| {
        check(&case)?;
        let mut found = found.borrow_mut();
        if theirs(&case) == ours(&case) {
            *found.entry("none").or_default() += 1;
            return Ok(());
        }
        let reason = explained(&case);
        prop_assert!(reason.is_some(), "unexplained");
        *found.entry(reason.unwrap()).or_default() += 1;
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let found = found.into_inner();
    for (reason, _) in repair::REPAIRS {
        assert!(found.contains_key(reason), "never: {reason}; found: {found:#?}");
    }
    assert!(found["none"] > 2_000, "too few agree without correction: {found:#?}");
}

/// At least ten thousand cases, or as many as `PROPTEST_CASES` says; numbers of lesser quality than
/// the usual ones do, and take a third of the time.
fn config() -> Config {
    let config = Config { rng_algorithm: RngAlgorithm::XorShift, ..Config::default() };
    Config { cases: config.cases.max(10_000), ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn on_random_exchanges_every_disagreement_has_its_section(case in case::cases()) {
        check(&case)?;
    }
}
