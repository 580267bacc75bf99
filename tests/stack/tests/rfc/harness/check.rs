use super::case::Case;
use super::moment;
use super::origin::body_of;
use super::step::{Expect, Step};
use super::wire::Message;

/// What one request of a step led to.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) case: &'a Case,
    /// The step's number, from one.
    pub(super) number: usize,
    pub(super) path: &'a str,
    pub(super) host: &'a str,
    pub(super) response: Option<&'a Message>,
    pub(super) asked: &'a [Message],
}

impl Seen<'_> {
    /// The first expectation that was not met, said in words.
    pub(super) fn check(&self, step: &Step) -> Result<(), String> {
        let Some(response) = self.response else {
            let broken = step.expect.iter().any(|expect| matches!(expect, Expect::Broken));
            return if broken { Ok(()) } else { Err("no response".to_owned()) };
        };
        step.expect.iter().try_for_each(|expect| {
            let met = self.meets(expect, response)?;
            if met { Ok(()) } else { Err(self.told(expect, response)) }
        })
    }

    fn meets(&self, expect: &Expect, response: &Message) -> Result<bool, String> {
        let asked = self.asked.last();
        Ok(match expect {
            Expect::Fetched => {
                self.called()?;
                self.came_from(self.number, response)?
            }
            Expect::Reused(step) => {
                if !self.asked.is_empty() {
                    return Err(format!("the origin was asked, and {}", told(response)));
                }
                self.came_from(*step, response)?
            }
            Expect::Validated(step) => {
                self.called()?;
                let conditional = ["if-none-match", "if-modified-since"];
                let precondition = asked
                    .is_some_and(|seen| conditional.iter().any(|name| seen.field(name).is_some()));
                if !precondition {
                    return Err("the origin was asked without a precondition".to_owned());
                }
                self.came_from(*step, response)?
            }
            Expect::From(step) => self.came_from(*step, response)?,
            Expect::Calls(calls) => self.asked.len() == *calls,
            Expect::Status(status) => response.status() == *status,
            Expect::Body(body) => response.body == *body && response.whole,
            Expect::Has(line) => {
                let line = moment::fill(line, self.path, self.host);
                let (name, value) = line.split_once(": ").unwrap();
                response.lines(name).any(|own| own == value)
            }
            Expect::Says(name, part) => response.field(name).is_some_and(|all| all.contains(part)),
            Expect::SaysNot(name, part) => {
                !response.field(name).is_some_and(|all| all.contains(part))
            }
            Expect::Lacks(name) => response.field(name).is_none(),
            Expect::Age(range) => response
                .field("age")
                .and_then(|age| age.parse().ok())
                .is_some_and(|age| range.contains(&age)),
            Expect::Param(parameter) => parameters(response).contains(parameter),
            Expect::NoParam(name) => {
                !parameters(response).iter().any(|own| own.split('=').next() == Some(name))
            }
            Expect::Ttl(range) => parameters(response).iter().any(|own| {
                let ttl = own.strip_prefix("ttl=").and_then(|ttl| ttl.parse().ok());
                ttl.is_some_and(|ttl| range.contains(&ttl))
            }),
            Expect::Asked(line) => {
                let (name, value) = line.split_once(": ").unwrap();
                asked.is_some_and(|seen| seen.lines(name).any(|own| own == value))
            }
            Expect::AskedWith(name, part) => {
                asked.and_then(|seen| seen.field(name)).is_some_and(|all| all.contains(part))
            }
            Expect::AskedWithout(name, part) => {
                !asked.and_then(|seen| seen.field(name)).is_some_and(|all| all.contains(part))
            }
            Expect::NotAsked(name) => asked.is_some_and(|seen| seen.field(name).is_none()),
            Expect::Broken => !response.whole || response.status() >= 500,
            Expect::Trailer(line) => {
                let (name, value) = line.split_once(": ").unwrap();
                let mut trailers = response.trailers.iter();
                trailers.any(|(own, says)| own.eq_ignore_ascii_case(name) && says == value)
            }
        })
    }

    fn called(&self) -> Result<(), String> {
        if self.asked.is_empty() { Err("the origin was not asked".to_owned()) } else { Ok(()) }
    }

    /// Whether the status and the body are those of the answer to a step.
    fn came_from(&self, step: usize, response: &Message) -> Result<bool, String> {
        let answer = &self.case.steps[step - 1].answer;
        let own = &self.case.steps[self.number - 1];
        let empty = own.method == "HEAD" || matches!(answer.status, 204 | 304);
        let body = if empty { String::new() } else { body_of(answer, step) };
        let checked_status = own.expect.iter().any(|expect| matches!(expect, Expect::Status(_)));
        if !response.whole {
            return Err(format!("the response is not whole: {}", told(response)));
        }
        if response.body != body || (!checked_status && response.status() != answer.status) {
            return Err(format!("expected the answer to step {step}, but {}", told(response)));
        }
        Ok(true)
    }

    fn told(&self, expect: &Expect, response: &Message) -> String {
        let asked = match self.asked.last() {
            Some(seen) => {
                format!("asked {} time(s), last with {:?}", self.asked.len(), seen.fields)
            }
            None => "not asked".to_owned(),
        };
        format!("expected {expect:?}, but {} {:?}; origin {asked}", told(response), response.fields)
    }
}

fn told(response: &Message) -> String {
    let body: String = response.body.chars().take(60).collect();
    format!("the response is {} {body:?}", response.status())
}

/// The parameters of the last member of `Cache-Status`: that of the cache closest to the client.
fn parameters(response: &Message) -> Vec<String> {
    let value = response.field("cache-status").unwrap_or_default();
    let mut parts: Vec<String> = vec![String::new()];
    let mut quoted = false;
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => parts = vec![String::new()],
            ';' if !quoted => parts.push(String::new()),
            _ => parts.last_mut().unwrap().push(c),
        }
    }
    parts.iter().skip(1).map(|part| part.trim().to_owned()).collect()
}
