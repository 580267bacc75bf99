use std::borrow::Cow;

use serde_json::Value;

/// What one layer demands of the caller: any one of its alternatives.
///
/// Several requirements must all be met, so a description is an AND of ORs. `OpenAPI` writes an OR
/// of ANDs: a generator multiplies them out, and where one scheme meets several requirements at
/// once, it asks for the scopes of all of them.
///
/// ```
/// use bartizan_contract::{SecurityRequirement, SecurityScheme};
/// use serde_json::json;
///
/// let key = SecurityScheme::new(
///     "ApiKey",
///     json!({ "type": "apiKey", "in": "header", "name": "x-api-key" }),
/// );
/// let bearer = SecurityScheme::new("Bearer", json!({ "type": "http", "scheme": "bearer" }));
/// let requirement = SecurityRequirement::new(key).or(bearer.with_scope("read")).or_anonymous();
/// assert_eq!(requirement.schemes().len(), 2);
/// assert!(requirement.allows_anonymous());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SecurityRequirement {
    schemes: Vec<SecurityScheme>,
    anonymous: bool,
}

impl SecurityRequirement {
    /// Demands this scheme.
    #[must_use]
    pub fn new(scheme: SecurityScheme) -> Self {
        Self { schemes: vec![scheme], anonymous: false }
    }

    /// Accepts this scheme as well; equal ones are kept once.
    #[must_use]
    pub fn or(mut self, scheme: SecurityScheme) -> Self {
        if !self.schemes.contains(&scheme) {
            self.schemes.push(scheme);
        }
        self
    }

    /// Accepts callers without credentials as well.
    #[must_use]
    pub fn or_anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// The schemes, each of which is enough.
    #[must_use]
    pub fn schemes(&self) -> &[SecurityScheme] {
        &self.schemes
    }

    /// Whether no credentials are enough too.
    #[must_use]
    pub const fn allows_anonymous(&self) -> bool {
        self.anonymous
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

    /// The scopes asked for, all of them.
    #[must_use]
    pub fn scopes(&self) -> &[Cow<'static, str>] {
        &self.scopes
    }
}
