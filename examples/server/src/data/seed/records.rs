//! The rows themselves, each from its own number alone.

use std::time::Duration;

use fastrand::Rng;
use serde_json::json;

use super::words::{COMPANIES, DOMAINS, FAMILY_NAMES, GIVEN_NAMES, ISSUES, SOURCES, THEMES, Theme};
use super::{DEMO, SeedSize};
use crate::domain::Timestamp;
use crate::domain::analyses::Severity;
use crate::domain::leads::LeadStatus;
use crate::domain::workflows::WorkflowStatus;

const DAY: u64 = 24 * 60 * 60;
const LOCATIONS: u32 = 3;

/// One seed a table, so that the size of one does not change the content of another.
const WORKFLOW_SEED: u64 = 0x7766_0000_0000_0000;
const ANALYSIS_SEED: u64 = 0x616e_0000_0000_0000;
const LEAD_SEED: u64 = 0x6c64_0000_0000_0000;

pub(super) struct WorkflowRecord {
    pub(super) location: &'static str,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: &'static str,
    pub(super) status: WorkflowStatus,
    pub(super) trigger: &'static str,
    pub(super) steps: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

pub(super) fn workflows(
    size: SeedSize,
    now: Timestamp,
) -> impl Iterator<Item = WorkflowRecord> + Send {
    (0..size.workflows).map(move |number| {
        let mut rng = Rng::with_seed(WORKFLOW_SEED | u64::from(number));
        let ordinal = number / LOCATIONS;
        let theme = pick(&mut rng, &THEMES);
        let age = rng.u64(30 * DAY..365 * DAY);
        WorkflowRecord {
            location: location(number),
            id: workflow_id(ordinal),
            name: format!("{} {}", theme.name, ordinal + 1),
            description: theme.description,
            // Most run: one in ten rests, one in ten is not ready.
            status: match rng.u8(0..10) {
                0 => WorkflowStatus::Paused,
                1 => WorkflowStatus::Draft,
                _ => WorkflowStatus::Active,
            },
            trigger: theme.trigger,
            steps: steps(theme, &mut rng),
            created_at: ago(now, age),
            updated_at: ago(now, rng.u64(0..age)),
        }
    })
}

fn steps(theme: &Theme, rng: &mut Rng) -> String {
    let steps: Vec<_> = theme
        .steps
        .iter()
        .zip(1..)
        .map(|((action, name), number)| {
            let delay = if number == 1 { 0 } else { 900 * rng.u32(1..=96) };
            let id = format!("s{number}");
            json!({"id": id, "action": action, "name": name, "delaySeconds": delay})
        })
        .collect();
    json!(steps).to_string()
}

pub(super) struct AnalysisRecord {
    pub(super) id: String,
    pub(super) location: &'static str,
    pub(super) workflow: String,
    pub(super) health_score: i64,
    pub(super) issues_found: i64,
    pub(super) issues: String,
    pub(super) recommendations: String,
    pub(super) created_at: Timestamp,
}

/// Analyses of the last 120 days: some that no tier but the highest sees any more.
pub(super) fn analyses(
    size: SeedSize,
    now: Timestamp,
) -> impl Iterator<Item = AnalysisRecord> + Send {
    // Without a workflow in every location there is nothing to analyse in some.
    let analyses = if size.workflows < LOCATIONS { 0 } else { size.analyses };
    (0..analyses).map(move |number| {
        let mut rng = Rng::with_seed(ANALYSIS_SEED | u64::from(number));
        let workflows = (size.workflows + LOCATIONS - 1 - number % LOCATIONS) / LOCATIONS;
        let found = rng.u8(0..=4);
        let mut issues = Vec::new();
        let mut recommendations = Vec::new();
        for _ in 0..found {
            let (kind, message, recommendation) = pick(&mut rng, &ISSUES);
            let severity = match rng.u8(0..10) {
                0 => Severity::Critical,
                1..=3 => Severity::High,
                4..=6 => Severity::Medium,
                _ => Severity::Low,
            };
            issues.push(json!({"type": kind, "severity": severity, "message": message}));
            recommendations.push(*recommendation);
        }
        AnalysisRecord {
            id: format!("an_demo_{number:07}"),
            location: location(number),
            workflow: workflow_id(rng.u32(0..workflows)),
            health_score: i64::from(100 - 15 * found - rng.u8(0..=12)),
            issues_found: i64::from(found),
            issues: json!(issues).to_string(),
            recommendations: json!(recommendations).to_string(),
            created_at: ago(now, rng.u64(60..120 * DAY)),
        }
    })
}

pub(super) struct LeadRecord {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) company: Option<&'static str>,
    pub(super) phone: String,
    pub(super) source: Option<&'static str>,
    pub(super) status: LeadStatus,
    pub(super) created_at: Timestamp,
}

pub(super) fn leads(size: SeedSize, now: Timestamp) -> impl Iterator<Item = LeadRecord> + Send {
    (0..size.leads).map(move |number| {
        let mut rng = Rng::with_seed(LEAD_SEED | u64::from(number));
        let given = pick(&mut rng, &GIVEN_NAMES);
        let family = pick(&mut rng, &FAMILY_NAMES);
        let domain = pick(&mut rng, &DOMAINS);
        LeadRecord {
            id: format!("lead_demo_{number:07}"),
            name: format!("{given} {family}"),
            email: format!("{given}.{family}.{number}@{domain}").to_lowercase(),
            company: rng.bool().then(|| *pick(&mut rng, &COMPANIES)),
            phone: format!("+1 555 01{:02}", rng.u8(0..100)),
            source: Some(*pick(&mut rng, &SOURCES)),
            status: *pick(&mut rng, &LeadStatus::ALL),
            created_at: ago(now, rng.u64(60..180 * DAY)),
        }
    })
}

fn location(number: u32) -> &'static str {
    match number % LOCATIONS {
        0 => DEMO[0].location,
        1 => DEMO[1].location,
        _ => DEMO[2].location,
    }
}

/// Every location has its `wf_test`, so that each demo key can analyse it.
fn workflow_id(ordinal: u32) -> String {
    if ordinal == 0 { "wf_test".to_owned() } else { format!("wf_{ordinal:04}") }
}

/// Whole seconds, as people's clocks make them.
fn ago(now: Timestamp, seconds: u64) -> Timestamp {
    let whole = now.as_micros() - now.as_micros().rem_euclid(1_000_000);
    Timestamp::from_micros(whole).before(Duration::from_secs(seconds))
}

fn pick<'a, T, const N: usize>(rng: &mut Rng, items: &'a [T; N]) -> &'a T {
    const { assert!(N > 0, "there must be something to pick") };
    #[expect(clippy::indexing_slicing, reason = "the generator stays below N, which is not 0")]
    &items[rng.usize(..N)]
}
