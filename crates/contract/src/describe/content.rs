use std::borrow::Cow;

use http::HeaderName;
use serde_json::Value;

use super::Schema;

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
