use std::borrow::Cow;

use http::StatusCode;

use super::{Content, Header, ResponseKey};
use crate::Code;

/// One error that an operation may answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCase {
    /// The HTTP status.
    pub status: StatusCode,
    /// The machine code.
    pub code: Code,
    /// The client's words, or their template.
    pub message: &'static str,
}

impl ErrorCase {
    /// Names an error.
    #[must_use]
    pub const fn new(status: StatusCode, code: Code, message: &'static str) -> Self {
        Self { status, code, message }
    }
}

/// The responses of one status, of a class of them, or of all others.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseSpec {
    key: ResponseKey,
    description: Cow<'static, str>,
    headers: Vec<Header>,
    contents: Vec<Content>,
    errors: Vec<ErrorCase>,
}

impl ResponseSpec {
    /// Describes the responses of a key, such as a status, without headers or content yet.
    pub fn new(key: impl Into<ResponseKey>, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            key: key.into(),
            description: description.into(),
            headers: Vec::new(),
            contents: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Adds a header; the first description of a name stands.
    #[must_use]
    pub fn with_header(mut self, header: Header) -> Self {
        self.add_header(header);
        self
    }

    /// Adds a representation; equal ones are kept once.
    #[must_use]
    pub fn with_content(mut self, content: Content) -> Self {
        self.add_content(content);
        self
    }

    /// Adds an error case; equal ones are kept once.
    #[must_use]
    pub fn with_error(mut self, error: ErrorCase) -> Self {
        self.add_error(error);
        self
    }

    /// Which answers it stands for.
    #[must_use]
    pub const fn key(&self) -> ResponseKey {
        self.key
    }

    /// When it is answered.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// Its representations. Several of one media type mean one of their schemas.
    #[must_use]
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// The errors it may report.
    #[must_use]
    pub fn errors(&self) -> &[ErrorCase] {
        &self.errors
    }

    pub(super) fn add_header(&mut self, header: Header) {
        if !self.headers.iter().any(|known| known.name() == header.name()) {
            self.headers.push(header);
        }
    }

    pub(super) fn add_content(&mut self, content: Content) {
        if !self.contents.contains(&content) {
            self.contents.push(content);
        }
    }

    fn add_error(&mut self, error: ErrorCase) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// Joins another description of the same key; the first words stand.
    pub(super) fn merge(&mut self, other: Self) {
        other.headers.into_iter().for_each(|header| self.add_header(header));
        other.contents.into_iter().for_each(|content| self.add_content(content));
        other.errors.into_iter().for_each(|error| self.add_error(error));
    }
}
