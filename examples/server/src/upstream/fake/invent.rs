//! Answers that follow from an id: the same on every machine, in every release.

use std::fmt::Write;

use crate::domain::analyses::{Issue, IssueKind, Severity};
use crate::upstream::{Analysis, Workflow};

/// A workflow that the platform lists for every location.
pub const TEST_WORKFLOW: &str = "wf_test";

/// How many workflows a location has: a third of the hundred that are seeded.
const WORKFLOWS: u64 = 34;

const KINDS: [(IssueKind, &str, &str); 5] = [
    (
        IssueKind::MissingFallback,
        "has no branch for a failure",
        "Add a branch for the failure of each action that calls out.",
    ),
    (
        IssueKind::DeadEnd,
        "ends without an action",
        "End each branch with an action or an explicit stop.",
    ),
    (IssueKind::UnreachableStep, "never runs", "Remove steps that cannot be reached."),
    (
        IssueKind::DuplicateTrigger,
        "starts on an event that another trigger has",
        "Keep one trigger for each event.",
    ),
    (
        IssueKind::LongDelay,
        "waits for more than a week",
        "Shorten waits that contacts do not last.",
    ),
];

/// The severities with the points that they cost.
const SEVERITIES: [(Severity, u8); 4] =
    [(Severity::Low, 3), (Severity::Medium, 8), (Severity::High, 15), (Severity::Critical, 30)];

const SUBJECTS: [&str; 6] = ["Lead", "Appointment", "Invoice", "Review", "Trial", "Renewal"];
/// Three of four run.
const STATUSES: [&str; 8] =
    ["active", "active", "active", "active", "active", "active", "draft", "paused"];
const ACTIONS: [&str; 5] = ["follow-up", "reminder", "welcome", "win-back", "escalation"];

/// Invents what an analysis of the workflow finds: up to six issues.
pub(super) fn analysis(workflow_id: String) -> Analysis {
    let mut dice = Dice::seeded(&workflow_id);
    let mut health_score = 100_u8;
    let mut issues_found = Vec::new();
    let mut recommendations: Vec<String> = Vec::new();
    for _ in 0..dice.below(7) {
        let (Some((kind, fault, advice)), Some((severity, cost))) =
            (dice.pick(&KINDS), dice.pick(&SEVERITIES))
        else {
            continue;
        };
        health_score = health_score.saturating_sub(*cost);
        let message = format!("Step {} {fault}", dice.below(12) + 1);
        issues_found.push(Issue { kind: *kind, severity: *severity, message });
        if !recommendations.iter().any(|known| known == advice) {
            recommendations.push((*advice).to_owned());
        }
    }
    Analysis { workflow_id, health_score, issues_found, recommendations }
}

/// Invents the workflows of a location.
pub(super) fn workflows(location_id: &str) -> Vec<Workflow> {
    let mut dice = Dice::seeded(location_id);
    (0..WORKFLOWS)
        .map(|number| {
            let mut id = String::from(TEST_WORKFLOW);
            if number > 0 {
                // Writing into a string does not fail.
                id.clear();
                let _ = write!(id, "wf_{location_id}_{number:03}");
            }
            let subject = dice.pick(&SUBJECTS).copied().unwrap_or_default();
            let action = dice.pick(&ACTIONS).copied().unwrap_or_default();
            Workflow {
                id,
                location_id: location_id.to_owned(),
                name: format!("{subject} {action}"),
                status: dice.pick(&STATUSES).copied().unwrap_or_default().to_owned(),
                version: u32::try_from(dice.below(20)).unwrap_or_default() + 1,
            }
        })
        .collect()
}

/// `SplitMix64`, seeded with the 64-bit FNV-1a hash of an id.
///
/// The standard library's hasher may change between releases, these two do not.
struct Dice(u64);

impl Dice {
    fn seeded(id: &str) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        Self(id.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        let index = usize::try_from(self.below(from.len() as u64)).ok()?;
        from.get(index)
    }
}
