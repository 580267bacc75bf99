use std::collections::BTreeMap;
use std::fmt;

use super::case::Demand;
use super::known::Known;
use super::play::Outcome;

/// What passed, by section.
#[derive(Debug, Default)]
pub(crate) struct Score {
    /// Passed and all, of what must and of what may be.
    sections: BTreeMap<String, [(usize, usize); 2]>,
    wrong: Vec<String>,
    /// What passed only when it was played alone.
    beside: Vec<String>,
}

impl Score {
    /// Counts outcomes; a failure that is known is counted and is not wrong.
    pub(crate) fn of(outcomes: &[Outcome], known: &[&Known]) -> Self {
        let mut score = Self::default();
        for Outcome { case, failure, beside } in outcomes {
            let counts = score.sections.entry(case.group()).or_default();
            let count = &mut counts[usize::from(case.demand == Demand::May)];
            count.0 += usize::from(failure.is_none());
            count.1 += 1;
            if let Some(beside) = beside {
                score.beside.push(format!("{}: {beside}", case.name));
            }
            let known = known.iter().find(|known| known.case == case.name);
            match (failure, known) {
                (Some(failure), None) => {
                    let demand = if case.demand == Demand::May { " (may)" } else { "" };
                    let wrong = format!("RFC {}{demand}: {}: {failure}", case.section, case.name);
                    score.wrong.push(wrong);
                }
                (None, Some(known)) => {
                    let reason = known.reason;
                    score
                        .wrong
                        .push(format!("{} passes now, and was known since {reason}", case.name));
                }
                _ => {}
            }
        }
        for known in known {
            if !outcomes.iter().any(|outcome| outcome.case.name == known.case) {
                score.wrong.push(format!("no case is called {:?}", known.case));
            }
        }
        score
    }

    pub(crate) fn wrong(&self) -> &[String] {
        &self.wrong
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut total = [(0, 0); 2];
        writeln!(f, "{:<16} {:>11} {:>11}", "section", "must", "may")?;
        let said = |(passed, all): (usize, usize)| {
            if all == 0 { String::new() } else { format!("{passed} / {all}") }
        };
        for (section, counts) in &self.sections {
            writeln!(f, "{section:<16} {:>11} {:>11}", said(counts[0]), said(counts[1]))?;
            for (total, count) in total.iter_mut().zip(counts) {
                *total = (total.0 + count.0, total.1 + count.1);
            }
        }
        write!(f, "{:<16} {:>11} {:>11}", "all", said(total[0]), said(total[1]))?;
        self.beside.iter().try_for_each(|case| write!(f, "\nonly alone: {case}"))
    }
}
