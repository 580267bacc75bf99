//! The table: what stands behind the envelope, and what a client gets.
//!
//! Each case is asked over axum, where the handlers below or axum itself make the answer, and over
//! a plain service that gives the answer written down in the case.

mod handlers;
mod over_axum;
mod over_plain;
mod rejections;
mod router;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::support::{Accepting, ErrorAnswer, Heard, Pairs};

/// One failure.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    asked: Asked,
    /// The answer without an envelope, to a method with content.
    bare: Bare,
    becomes: Becomes,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    method: &'static str,
    path: &'static str,
    headers: Pairs,
    body: &'static str,
}

#[derive(Clone, Copy, Debug)]
struct Bare {
    status: u16,
    /// Sorted by name.
    headers: Pairs,
    body: Content,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    /// A body of known size.
    Complete(&'static [u8]),
    /// Chunks, and nobody knows how many.
    Stream(&'static [&'static [u8]]),
    /// A body of known size with the mark that it is finished.
    Marked(&'static [u8]),
}

#[derive(Clone, Copy, Debug)]
enum Becomes {
    Untouched,
    Error(ErrorAnswer),
}

fn all() -> impl Iterator<Item = &'static Case> {
    rejections::CASES.iter().chain(handlers::CASES)
}

impl Case {
    /// The case as a request, asked with its own method or with another.
    fn request(&self, method: &str, accepting: Accepting) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(method).uri(self.asked.path);
        for (name, value) in self.asked.headers.iter().chain(accepting.headers()) {
            request = request.header(*name, *value);
        }
        request.body(self.asked.body.into()).unwrap()
    }

    /// Whether `HEAD` fails for the same reason: axum reads the form of a `HEAD` from the query.
    fn has_head(&self) -> bool {
        self.asked.path != "/form"
    }

    /// Every form in which the case is asked.
    fn forms(&self) -> impl Iterator<Item = (&'static str, Accepting)> {
        let methods = std::iter::once(self.asked.method).chain(self.has_head().then_some("HEAD"));
        methods.flat_map(|method| Accepting::BOTH.into_iter().map(move |form| (method, form)))
    }

    /// What the client gets, where `head_is_cut` says who leaves the content of a passed `HEAD`
    /// answer out: the service behind the envelope, or the server in front of it.
    fn expected(&self, method: &str, accepting: Accepting, head_is_cut: bool) -> Heard {
        match self.becomes {
            Becomes::Error(answer) => answer.heard(method, accepting),
            Becomes::Untouched if method == "HEAD" && head_is_cut => {
                Heard { body: Bytes::new(), ..self.bare.heard() }
            }
            Becomes::Untouched => self.bare.heard(),
        }
    }
}

impl Bare {
    fn heard(&self) -> Heard {
        Heard {
            status: self.status,
            headers: self
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: self.body.bytes().into(),
        }
    }
}

impl Content {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Complete(bytes) | Self::Marked(bytes) => bytes.to_vec(),
            Self::Stream(chunks) => chunks.concat(),
        }
    }
}
