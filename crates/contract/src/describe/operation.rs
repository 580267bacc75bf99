use std::borrow::Cow;

use http::Method;

use super::Description;

/// The address of one operation, by which a layer decides what it adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation<'a> {
    /// The HTTP method.
    pub method: &'a Method,
    /// The route template, such as `/users/{id}`.
    pub route: &'a str,
    /// Whether the operation takes a request body.
    pub has_body: bool,
}

impl<'a> Operation<'a> {
    /// Addresses an operation.
    #[must_use]
    pub const fn new(method: &'a Method, route: &'a str, has_body: bool) -> Self {
        Self { method, route, has_body }
    }
}

/// An operation that a layer answers itself, such as a health check.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnOperation {
    method: Method,
    route: Cow<'static, str>,
    summary: Cow<'static, str>,
    tag: Option<Cow<'static, str>>,
    description: Description,
}

impl OwnOperation {
    /// Describes an operation of a layer's own.
    pub fn new(
        method: Method,
        route: impl Into<Cow<'static, str>>,
        summary: impl Into<Cow<'static, str>>,
        description: Description,
    ) -> Self {
        Self { method, route: route.into(), summary: summary.into(), tag: None, description }
    }

    /// Files the operation under a tag.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The route template.
    #[must_use]
    pub fn route(&self) -> &str {
        &self.route
    }

    /// One sentence about the operation.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The tag it is filed under.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Its inputs and outputs.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Lets the layers outside of the answering one add to it.
    pub(super) fn covered_by(&mut self, add: impl FnOnce(&Operation<'_>, &mut Description)) {
        let has_body = self.description.request_body().is_some();
        let operation = Operation::new(&self.method, &self.route, has_body);
        add(&operation, &mut self.description);
    }
}
