//! Sentences of the RFCs about caching as cases, played through a real proxy.
//!
//! `cargo test -p bartizan-stack --test rfc` plays them through the gateway in both profiles and
//! prints the score. Another proxy is measured with
//!
//! ```sh
//! RFC_ORIGIN=8000 RFC_PROXY=127.0.0.1:8080 cargo test -p bartizan-stack --test rfc -- --ignored
//! ```
//!
//! where the proxy's upstream is 127.0.0.1 with the port that `RFC_ORIGIN` gives; `RFC_ONLY` plays
//! only the cases whose name contains it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod cases;
mod gateway;
mod harness;

use std::collections::HashSet;
use std::io::Write as _;
use std::{env, io};

use harness::{Case, KNOWN_RFC, KNOWN_SECURE, Known, Origin, Score, play};

/// The cases that `RFC_ONLY` names, or all.
fn chosen() -> Vec<Case> {
    let only = env::var("RFC_ONLY").unwrap_or_default();
    cases::all().into_iter().filter(|case| case.name.contains(&only)).collect()
}

/// The known failures among the chosen cases.
fn known(all: &'static [Known]) -> Vec<&'static Known> {
    let chosen = chosen();
    let named = |known: &&Known| chosen.iter().any(|case| case.name == known.case);
    // Without a choice none is left out, so that a name that no case has is found.
    all.iter().filter(|known| env::var("RFC_ONLY").is_err() || named(known)).collect()
}

fn judge(name: &str, score: &Score) {
    // Written past the capture of tests: the score is told whether it is good or not.
    io::stdout().write_all(format!("{name}\n{score}\n\n").as_bytes()).unwrap();
    assert!(score.wrong().is_empty(), "{name}:\n{}", score.wrong().join("\n"));
}

#[test]
fn each_case_has_a_name_of_its_own() {
    let mut names = HashSet::new();
    for case in cases::all() {
        assert!(names.insert(case.name), "{}", case.name);
        assert!(!case.steps.is_empty(), "{}", case.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_with_the_profile_rfc() {
    let origin = Origin::start(0).await;
    let gateway = gateway::start("rfc", &origin).await;
    let outcomes = play(&origin, gateway.address, chosen()).await;
    judge("profile rfc", &Score::of(&outcomes, &known(KNOWN_RFC)));
}

/// What this profile does not do is asked of the other one only.
#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_with_the_profile_secure() {
    let origin = Origin::start(0).await;
    let gateway = gateway::start("secure", &origin).await;
    let cases = chosen().into_iter().filter(|case| !case.of_rfc).collect();
    let outcomes = play(&origin, gateway.address, cases).await;
    judge("profile secure", &Score::of(&outcomes, &known(KNOWN_SECURE)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures the proxy that RFC_PROXY names"]
async fn another_proxy() {
    let proxy = env::var("RFC_PROXY").unwrap();
    let origin = env::var("RFC_ORIGIN").unwrap();
    let origin = Origin::start(origin.parse().unwrap()).await;
    let outcomes = play(&origin, proxy.parse().unwrap(), chosen()).await;
    judge(&proxy, &Score::of(&outcomes, &[]));
}
