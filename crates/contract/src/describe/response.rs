use std::borrow::Cow;

use http::{HeaderName, StatusCode};
use serde_json::Value;

use super::Schema;
use crate::Code;

/// Chooses responses by status: a layer often adds a header to answers it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseSelector {
    /// Every response.
    All,
    /// Those below 400.
    Successes,
    /// Those from 400.
    Errors,
    /// One status.
    Status(StatusCode),
}

impl ResponseSelector {
    /// Tells whether a response with this status is meant.
    #[must_use]
    pub fn matches(self, status: StatusCode) -> bool {
        match self {
            Self::All => true,
            Self::Successes => status.as_u16() < 400,
            Self::Errors => status.as_u16() >= 400,
            Self::Status(only) => only == status,
        }
    }
}

/// A response header.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    name: HeaderName,
    description: Cow<'static, str>,
    schema: Schema,
}

impl Header {
    /// Describes a header by its name, meaning and values.
    pub fn new(
        name: HeaderName,
        description: impl Into<Cow<'static, str>>,
        schema: Schema,
    ) -> Self {
        Self { name, description: description.into(), schema }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &HeaderName {
        &self.name
    }

    /// What it means.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What values it has.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }
}

/// One representation of a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    media_type: Cow<'static, str>,
    schema: Schema,
    example: Option<Value>,
}

impl Content {
    /// Describes a representation by its media type and schema.
    pub fn new(media_type: impl Into<Cow<'static, str>>, schema: Schema) -> Self {
        Self { media_type: media_type.into(), schema, example: None }
    }

    /// A JSON representation.
    #[must_use]
    pub fn json(schema: Schema) -> Self {
        Self::new("application/json", schema)
    }

    /// Adds an example.
    #[must_use]
    pub fn with_example(mut self, example: Value) -> Self {
        self.example = Some(example);
        self
    }

    /// The media type.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The schema of the body.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// An example of the body.
    #[must_use]
    pub const fn example(&self) -> Option<&Value> {
        self.example.as_ref()
    }
}

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

/// The responses of one status.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseSpec {
    status: StatusCode,
    description: Cow<'static, str>,
    headers: Vec<Header>,
    contents: Vec<Content>,
    errors: Vec<ErrorCase>,
}

impl ResponseSpec {
    /// Describes the responses of a status, without headers or content yet.
    pub fn new(status: StatusCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            description: description.into(),
            headers: Vec::new(),
            contents: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Adds a header; the first description of a name stands.
    #[must_use]
    pub fn with_header(mut self, header: Header) -> Self {
        if !self.headers.iter().any(|known| known.name == header.name) {
            self.headers.push(header);
        }
        self
    }

    /// Adds a representation; equal ones are kept once.
    #[must_use]
    pub fn with_content(mut self, content: Content) -> Self {
        if !self.contents.contains(&content) {
            self.contents.push(content);
        }
        self
    }

    /// Adds an error case; equal ones are kept once.
    #[must_use]
    pub fn with_error(mut self, error: ErrorCase) -> Self {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
        self
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
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

    /// Joins another description of the same status; the first words stand.
    pub(super) fn merged_with(self, other: Self) -> Self {
        let merged = other.headers.into_iter().fold(self, Self::with_header);
        let merged = other.contents.into_iter().fold(merged, Self::with_content);
        other.errors.into_iter().fold(merged, Self::with_error)
    }
}
