use super::answer::ok;
use super::step::{Step, get};

/// How much a sentence of an RFC demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// The result is wrong otherwise.
    Must,
    /// The cache works less than it could otherwise.
    May,
}

/// A sentence of an RFC as requests and what they must show.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The RFC's number and the section, as in `9111 4.2.1`.
    pub(crate) section: &'static str,
    pub(crate) demand: Demand,
    /// It wants what the profile `secure` does not do: to share what may be one client's own, to
    /// guess a lifetime, to keep what is stale on arrival or an error, to read lists in `Vary`.
    pub(crate) of_rfc: bool,
    pub(crate) steps: Vec<Step>,
}

impl Case {
    /// Counts as something that a cache may do.
    pub(crate) fn may(mut self) -> Self {
        self.demand = Demand::May;
        self
    }

    /// Is not asked of the profile `secure`.
    pub(crate) fn of_rfc(mut self) -> Self {
        self.of_rfc = true;
        self
    }

    /// The RFC and the first two numbers of the section, by which results are counted.
    pub(crate) fn group(&self) -> String {
        let (rfc, section) = self.section.split_once(' ').unwrap();
        let numbers: Vec<_> = section.split('.').take(2).collect();
        format!("RFC {rfc} {}", numbers.join("."))
    }
}

/// What only a cache can pass that validates counts as what it may do: another could fetch anew.
pub(crate) fn case<const N: usize>(
    name: &'static str,
    section: &'static str,
    steps: [Step; N],
) -> Case {
    let asked = steps.iter().position(Step::is_not_modified);
    let validates = asked
        .is_some_and(|asked| steps[asked..].iter().any(|step| step.wants_answer_before(asked + 1)));
    let demand = if validates { Demand::May } else { Demand::Must };
    Case { name, section, demand, of_rfc: false, steps: steps.into() }
}

/// An answer with these fields may be reused for the same request.
pub(crate) fn reused(name: &'static str, section: &'static str, fields: &str) -> Case {
    case(name, section, [get().to(ok(fields)).fetched(), get().reused(1)]).may()
}

/// An answer with these fields must not be reused without asking the origin.
pub(crate) fn ignored(name: &'static str, section: &'static str, fields: &str) -> Case {
    case(name, section, [get().to(ok(fields)).fetched(), get().fetched()])
}
