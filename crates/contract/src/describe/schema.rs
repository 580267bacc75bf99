use std::borrow::Cow;

use serde_json::Value;

/// A JSON Schema (draft 2020-12), inline or named to be shared by reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    name: Option<Cow<'static, str>>,
    json: Value,
}

impl Schema {
    /// A schema that stands where it is used.
    #[must_use]
    pub const fn inline(json: Value) -> Self {
        Self { name: None, json }
    }

    /// A schema that a document keeps once, under `name`.
    ///
    /// It is whole by itself: a `$ref` inside `json` is `#/$defs/...` of this same schema, never a
    /// place in a document. A generator hoists the nested definitions and rewrites the references.
    pub fn named(name: impl Into<Cow<'static, str>>, json: Value) -> Self {
        Self { name: Some(name.into()), json }
    }

    /// The name to share it by.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The schema itself.
    #[must_use]
    pub const fn json(&self) -> &Value {
        &self.json
    }
}

/// Where a parameter stands in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParameterLocation {
    /// In the path template.
    Path,
    /// In the query.
    Query,
    /// Among the headers.
    Header,
    /// In a cookie.
    Cookie,
}

impl ParameterLocation {
    /// The value of `OpenAPI`'s field `in`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// A parameter of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    location: ParameterLocation,
    name: Cow<'static, str>,
    description: Cow<'static, str>,
    schema: Schema,
    required: bool,
}

impl Parameter {
    /// An optional parameter; one in the path is always required.
    pub fn new(
        location: ParameterLocation,
        name: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
        schema: Schema,
    ) -> Self {
        let required = location == ParameterLocation::Path;
        Self { location, name: name.into(), description: description.into(), schema, required }
    }

    /// Makes the parameter required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Where it stands.
    #[must_use]
    pub const fn location(&self) -> ParameterLocation {
        self.location
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it means.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What values it takes.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether a request must have it.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.required
    }
}
