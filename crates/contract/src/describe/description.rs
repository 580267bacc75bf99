use std::borrow::Cow;

use http::StatusCode;
use serde_json::Value;

use super::{
    Content, ErrorCase, Header, Parameter, ParameterLocation, ResponseSelector, ResponseSpec,
};
use crate::ErrorReport;

/// The inputs and outputs of one operation, as far as they are known so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    parameters: Vec<Parameter>,
    request_body: Option<RequestBody>,
    responses: Vec<ResponseSpec>,
    added_headers: Vec<(ResponseSelector, Header)>,
    added_contents: Vec<(ResponseSelector, Content)>,
    security: Vec<SecurityScheme>,
}

impl Description {
    /// An empty description.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter; the first description of a place and name stands.
    pub fn add_parameter(&mut self, parameter: Parameter) {
        if self.parameter(parameter.location(), parameter.name()).is_none() {
            self.parameters.push(parameter);
        }
    }

    /// Sets the request body.
    pub fn set_request_body(&mut self, body: RequestBody) {
        self.request_body = Some(body);
    }

    /// Adds a response; one of the same status is extended.
    pub fn add_response(&mut self, response: ResponseSpec) {
        match self.responses.iter_mut().find(|known| known.status() == response.status()) {
            Some(known) => {
                let empty = ResponseSpec::new(response.status(), "");
                *known = std::mem::replace(known, empty).merged_with(response);
            }
            None => self.responses.push(response),
        }
    }

    /// Adds an error response with the default body of [`ErrorReport`].
    pub fn add_error(&mut self, error: ErrorCase) {
        let reason = error.status.canonical_reason().unwrap_or("Error");
        let response = ResponseSpec::new(error.status, reason)
            .with_content(Content::json(ErrorReport::body_schema()))
            .with_error(error);
        self.add_response(response);
    }

    /// Adds a header to each response that the selector chooses, whoever described it.
    pub fn add_header(&mut self, responses: ResponseSelector, header: Header) {
        self.added_headers.push((responses, header));
    }

    /// Adds a representation to each response with content that the selector chooses.
    pub fn add_content(&mut self, responses: ResponseSelector, content: Content) {
        self.added_contents.push((responses, content));
    }

    /// Adds a way to authenticate; several are alternatives.
    pub fn add_security(&mut self, scheme: SecurityScheme) {
        if !self.security.contains(&scheme) {
            self.security.push(scheme);
        }
    }

    /// The parameters, in the order they were added.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Finds a parameter.
    #[must_use]
    pub fn parameter(&self, location: ParameterLocation, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|known| known.location() == location && known.name() == name)
    }

    /// The request body.
    #[must_use]
    pub const fn request_body(&self) -> Option<&RequestBody> {
        self.request_body.as_ref()
    }

    /// The responses that were added one by one, without what selectors add to them.
    #[must_use]
    pub fn responses(&self) -> &[ResponseSpec] {
        &self.responses
    }

    /// Finds a response by its status.
    #[must_use]
    pub fn response(&self, status: StatusCode) -> Option<&ResponseSpec> {
        self.responses.iter().find(|known| known.status() == status)
    }

    /// The responses as a document shows them: with the headers and representations that
    /// selectors add, ordered by status.
    #[must_use]
    pub fn resolved_responses(&self) -> Vec<ResponseSpec> {
        let mut all: Vec<_> = self.responses.iter().map(|known| self.resolve(known)).collect();
        all.sort_by_key(ResponseSpec::status);
        all
    }

    /// The ways to authenticate.
    #[must_use]
    pub fn security(&self) -> &[SecurityScheme] {
        &self.security
    }

    fn resolve(&self, response: &ResponseSpec) -> ResponseSpec {
        let status = response.status();
        let headers = self.added_headers.iter().filter(|(to, _)| to.matches(status));
        let resolved = headers.fold(response.clone(), |it, (_, h)| it.with_header(h.clone()));
        if response.contents().is_empty() {
            return resolved;
        }
        let contents = self.added_contents.iter().filter(|(to, _)| to.matches(status));
        contents.fold(resolved, |it, (_, content)| it.with_content(content.clone()))
    }
}

/// The body that an operation takes.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestBody {
    contents: Vec<Content>,
    required: bool,
}

impl RequestBody {
    /// A required body in one representation.
    #[must_use]
    pub fn new(content: Content) -> Self {
        Self { contents: vec![content], required: true }
    }

    /// Adds a representation.
    #[must_use]
    pub fn or(mut self, content: Content) -> Self {
        self.contents.push(content);
        self
    }

    /// Lets the body be absent.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Its representations.
    #[must_use]
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// Whether a request must have it.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.required
    }
}

/// One way to authenticate: the name of a scheme and its `OpenAPI` security scheme object.
#[derive(Clone, Debug, PartialEq)]
pub struct SecurityScheme {
    name: Cow<'static, str>,
    scheme: Value,
    scopes: Vec<Cow<'static, str>>,
}

impl SecurityScheme {
    /// Names a scheme.
    pub fn new(name: impl Into<Cow<'static, str>>, scheme: Value) -> Self {
        Self { name: name.into(), scheme, scopes: Vec::new() }
    }

    /// Asks for a scope.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<Cow<'static, str>>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// The name of the scheme.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The security scheme object.
    #[must_use]
    pub const fn scheme(&self) -> &Value {
        &self.scheme
    }

    /// The scopes asked for.
    #[must_use]
    pub fn scopes(&self) -> &[Cow<'static, str>] {
        &self.scopes
    }
}
