use super::{Heard, ID, Pairs};

/// What the suite's problem types start with.
pub(crate) const PROBLEM_BASE: &str = "https://errors.example/";

/// What a request says about the form of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepting {
    Anything,
    Problem,
}

impl Accepting {
    pub(crate) const BOTH: [Self; 2] = [Self::Anything, Self::Problem];

    /// The headers of a request of the suite.
    pub(crate) const fn headers(self) -> Pairs {
        match self {
            Self::Anything => &[("x-request-id", ID)],
            Self::Problem => &[("x-request-id", ID), ("accept", "application/problem+json")],
        }
    }
}

/// An answer of the envelope, as the issue and RFC 9457 word it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorAnswer {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    /// Headers beside those that every error has.
    pub(crate) keeps: Pairs,
}

impl ErrorAnswer {
    pub(crate) const fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, keeps: &[] }
    }

    pub(crate) const fn keeping(self, keeps: Pairs) -> Self {
        Self { keeps, ..self }
    }

    /// The whole answer to a request of the suite.
    pub(crate) fn heard(&self, method: &str, accepting: Accepting) -> Heard {
        let (media_type, body) = match accepting {
            Accepting::Anything => ("application/json", self.json()),
            Accepting::Problem => ("application/problem+json", self.problem()),
        };
        let mut headers: Vec<_> = self.keeps.iter().map(|pair| own(*pair)).collect();
        headers.push(own(("content-length", &body.len().to_string())));
        headers.push(own(("content-type", media_type)));
        headers.push(own(("vary", "Accept")));
        headers.push(own(("x-request-id", ID)));
        if !headers.iter().any(|(name, _)| name == "cache-control") {
            headers.push(own(("cache-control", "no-store")));
        }
        headers.sort_by(|(one, _), (other, _)| one.cmp(other));
        // RFC 9110, section 9.3.2: the same header fields, and no content.
        let body = if method == "HEAD" { String::new() } else { body };
        Heard { status: self.status, headers, body: body.into() }
    }

    /// `requestId` stands in the envelope of a 5xx only.
    fn json(&self) -> String {
        let (message, code) = (quoted(self.message), self.code);
        let id = if self.status >= 500 { r#","requestId":"case-1""# } else { "" };
        format!(r#"{{"success":false,"error":{{"message":{message},"code":"{code}"{id}}}}}"#)
    }

    fn problem(&self) -> String {
        let (status, code, detail) = (self.status, self.code, quoted(self.message));
        let title = phrase(status);
        format!(
            r#"{{"type":"https://errors.example/{code}","title":"{title}","status":{status},"detail":{detail},"code":"{code}","requestId":"case-1"}}"#
        )
    }
}

/// The reason phrases of RFC 9110, section 15, and RFC 6585, section 4.
fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        418 => "I'm a teapot",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        other => panic!("write down the phrase of {other}"),
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
