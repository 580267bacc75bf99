use super::{
    Content, ErrorCase, Header, Parameter, ParameterLocation, ResponseKey, ResponseSelector,
    ResponseSpec, SecurityRequirement,
};
use crate::ErrorReport;

/// The inputs and outputs of one operation, as far as they are known so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    parameters: Vec<Parameter>,
    request_body: Option<RequestBody>,
    responses: Vec<ResponseSpec>,
    security: Vec<SecurityRequirement>,
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

    /// Adds the request body; the first description stands.
    pub fn add_request_body(&mut self, body: RequestBody) {
        self.request_body.get_or_insert(body);
    }

    /// Adds a response; one of the same key is extended.
    pub fn add_response(&mut self, response: ResponseSpec) {
        let at = self.responses.partition_point(|known| known.key() < response.key());
        match self.responses.get_mut(at) {
            Some(known) if known.key() == response.key() => known.merge(response),
            _ => self.responses.insert(at, response),
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

    /// Adds a header to each response that is there and that the selector chooses.
    #[expect(clippy::needless_pass_by_value, reason = "as all that is added")]
    pub fn add_header(&mut self, responses: ResponseSelector, header: Header) {
        for response in self.responses.iter_mut().filter(|known| responses.matches(known)) {
            response.add_header(header.clone());
        }
    }

    /// Adds a representation to each response that is there, has content, and that the selector
    /// chooses.
    #[expect(clippy::needless_pass_by_value, reason = "as all that is added")]
    pub fn add_content(&mut self, responses: ResponseSelector, content: Content) {
        let chosen = self.responses.iter_mut().filter(|known| responses.matches(known));
        for response in chosen.filter(|known| !known.contents().is_empty()) {
            response.add_content(content.clone());
        }
    }

    /// Adds a requirement, to be met together with those that are there; equal ones are kept once.
    pub fn add_security(&mut self, requirement: SecurityRequirement) {
        if !self.security.contains(&requirement) {
            self.security.push(requirement);
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

    /// The responses, in the order of their keys.
    #[must_use]
    pub fn responses(&self) -> &[ResponseSpec] {
        &self.responses
    }

    /// Finds the response of exactly this key.
    #[must_use]
    pub fn response(&self, key: impl Into<ResponseKey>) -> Option<&ResponseSpec> {
        let key = key.into();
        self.responses.iter().find(|known| known.key() == key)
    }

    /// What is demanded of the caller: each of these requirements must be met.
    #[must_use]
    pub fn security(&self) -> &[SecurityRequirement] {
        &self.security
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
