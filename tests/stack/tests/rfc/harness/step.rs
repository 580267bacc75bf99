use std::ops::RangeInclusive;
use std::time::Duration;

use super::answer::{Answer, ok};

/// What a step must show. Steps are counted from one.
#[derive(Debug, Clone)]
pub(super) enum Expect {
    /// The origin was asked and its answer to this step came back.
    Fetched,
    /// The origin was not asked and the answer to that step came back.
    Reused(usize),
    /// The origin was asked with a precondition and the answer to that step came back.
    Validated(usize),
    /// The answer to that step came back, whether the origin was asked or not.
    From(usize),
    /// The origin was asked this often.
    Calls(usize),
    Status(u16),
    Body(String),
    /// A field line with exactly this value.
    Has(String),
    /// A field's value, its lines joined, contains this.
    Says(&'static str, String),
    SaysNot(&'static str, String),
    Lacks(&'static str),
    /// `Age` lies in this range.
    Age(RangeInclusive<u64>),
    /// The last member of `Cache-Status` has this parameter.
    Param(String),
    NoParam(&'static str),
    Ttl(RangeInclusive<i64>),
    /// The origin saw this field line.
    Asked(String),
    /// The origin saw this field contain this.
    AskedWith(&'static str, String),
    AskedWithout(&'static str, String),
    NotAsked(&'static str),
    /// The response did not come, or not whole.
    Broken,
    /// A trailer field came with the body.
    Trailer(String),
}

/// One request, what the origin would answer to it, and what must be seen.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(super) method: &'static str,
    pub(super) suffix: String,
    pub(super) fields: String,
    pub(super) body: Option<String>,
    pub(super) answer: Answer,
    pub(super) wait: Duration,
    pub(super) copies: usize,
    /// After the response the origin is asked once more, without a client waiting for it.
    pub(super) background: bool,
    /// The step is repeated for a while until it shows what it must.
    pub(super) eventually: bool,
    pub(super) expect: Vec<Expect>,
}

/// A request by this method; the origin would answer 200.
pub(crate) fn request(method: &'static str) -> Step {
    Step {
        method,
        suffix: String::new(),
        fields: String::new(),
        body: None,
        answer: ok(""),
        wait: Duration::ZERO,
        copies: 1,
        background: false,
        eventually: false,
        expect: Vec::new(),
    }
}

pub(crate) fn get() -> Step {
    request("GET")
}

pub(crate) fn head() -> Step {
    request("HEAD")
}

impl Step {
    /// Is sent to the case's URL with this behind it.
    pub(crate) fn at(mut self, suffix: &str) -> Self {
        suffix.clone_into(&mut self.suffix);
        self
    }

    /// Has these field lines.
    pub(crate) fn with(mut self, fields: &str) -> Self {
        fields.clone_into(&mut self.fields);
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    /// Is answered so if it comes to the origin.
    pub(crate) fn to(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    pub(crate) fn wait(mut self, milliseconds: u64) -> Self {
        self.wait = Duration::from_millis(milliseconds);
        self
    }

    /// Is sent this often at once.
    pub(crate) fn copies(mut self, copies: usize) -> Self {
        self.copies = copies;
        self
    }

    pub(crate) fn background(mut self) -> Self {
        self.background = true;
        self
    }

    pub(crate) fn eventually(mut self) -> Self {
        self.eventually = true;
        self
    }

    pub(crate) fn fetched(self) -> Self {
        self.expect(Expect::Fetched)
    }

    pub(crate) fn reused(self, step: usize) -> Self {
        self.expect(Expect::Reused(step))
    }

    pub(crate) fn validated(self, step: usize) -> Self {
        self.expect(Expect::Validated(step))
    }

    pub(crate) fn from(self, step: usize) -> Self {
        self.expect(Expect::From(step))
    }

    pub(crate) fn calls(self, calls: usize) -> Self {
        self.expect(Expect::Calls(calls))
    }

    pub(crate) fn status(self, status: u16) -> Self {
        self.expect(Expect::Status(status))
    }

    pub(crate) fn text(self, body: &str) -> Self {
        self.expect(Expect::Body(body.to_owned()))
    }

    pub(crate) fn has(self, line: &str) -> Self {
        self.expect(Expect::Has(line.to_owned()))
    }

    pub(crate) fn says(self, name: &'static str, part: &str) -> Self {
        self.expect(Expect::Says(name, part.to_owned()))
    }

    pub(crate) fn says_not(self, name: &'static str, part: &str) -> Self {
        self.expect(Expect::SaysNot(name, part.to_owned()))
    }

    pub(crate) fn lacks(self, name: &'static str) -> Self {
        self.expect(Expect::Lacks(name))
    }

    pub(crate) fn age(self, seconds: RangeInclusive<u64>) -> Self {
        self.expect(Expect::Age(seconds))
    }

    pub(crate) fn param(self, parameter: &str) -> Self {
        self.expect(Expect::Param(parameter.to_owned()))
    }

    pub(crate) fn no_param(self, name: &'static str) -> Self {
        self.expect(Expect::NoParam(name))
    }

    pub(crate) fn ttl(self, seconds: RangeInclusive<i64>) -> Self {
        self.expect(Expect::Ttl(seconds))
    }

    pub(crate) fn asked(self, line: &str) -> Self {
        self.expect(Expect::Asked(line.to_owned()))
    }

    pub(crate) fn asked_with(self, name: &'static str, part: &str) -> Self {
        self.expect(Expect::AskedWith(name, part.to_owned()))
    }

    pub(crate) fn asked_without(self, name: &'static str, part: &str) -> Self {
        self.expect(Expect::AskedWithout(name, part.to_owned()))
    }

    pub(crate) fn not_asked(self, name: &'static str) -> Self {
        self.expect(Expect::NotAsked(name))
    }

    pub(crate) fn broken(self) -> Self {
        self.expect(Expect::Broken)
    }

    pub(crate) fn trailer(self, line: &str) -> Self {
        self.expect(Expect::Trailer(line.to_owned()))
    }

    /// The origin would say that the stored answer is still good.
    pub(super) fn is_not_modified(&self) -> bool {
        self.answer.status == 304
    }

    /// It expects the answer to a step before that one.
    pub(super) fn wants_answer_before(&self, number: usize) -> bool {
        self.expect.iter().any(|expect| match expect {
            Expect::Validated(step) | Expect::From(step) | Expect::Reused(step) => *step < number,
            _ => false,
        })
    }

    fn expect(mut self, expect: Expect) -> Self {
        self.expect.push(expect);
        self
    }
}
