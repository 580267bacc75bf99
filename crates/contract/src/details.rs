use std::borrow::Cow;
use std::{error, fmt};

use serde_json::{Map, Value};

/// Further members of an error object, kept as raw JSON text without the braces:
/// `"retryAfter":60,"currentTier":"free"`.
///
/// Text instead of a [`Value`] lets a refusal be a prepared template: building the members of a
/// 429 as a `Value` costs about 20 allocations.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Details(Cow<'static, str>);

/// Members that the renderings themselves write, so details may not.
const RESERVED: [&str; 8] =
    ["message", "code", "requestId", "type", "title", "status", "detail", "instance"];

impl Details {
    /// No members.
    #[must_use]
    pub const fn none() -> Self {
        Self(Cow::Borrowed(""))
    }

    /// Takes raw members after parsing them once.
    ///
    /// # Errors
    ///
    /// When `members` in braces is not a JSON object, or names a member that the envelope
    /// (`message`, `code`, `requestId`) or RFC 9457 (`type`, `title`, `status`, `detail`,
    /// `instance`) already has.
    pub fn parse(members: impl Into<Cow<'static, str>>) -> Result<Self, DetailsError> {
        let members = members.into();
        let object: Map<String, Value> = serde_json::from_str(&format!("{{{members}}}"))
            .map_err(|source| DetailsError(Kind::Syntax(source)))?;
        match RESERVED.into_iter().find(|name| object.contains_key(*name)) {
            Some(name) => Err(DetailsError(Kind::Reserved(name))),
            None => Ok(Self(members)),
        }
    }

    /// Takes raw members without looking at them: for templates whose shape was parsed before.
    ///
    /// The caller vouches for what [`Details::parse`] checks; debug builds check it too.
    #[must_use]
    pub fn from_template(members: impl Into<Cow<'static, str>>) -> Self {
        let members = members.into();
        debug_assert!(Self::parse(members.clone()).is_ok(), "not JSON members: {members}");
        Self(members)
    }

    /// Adds one member. A reserved name (see [`Details::parse`]) is a mistake that debug builds
    /// panic on; otherwise it is left out, so that a rendering never has one twice. Names of the
    /// caller's own are not compared.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Value>) -> Self {
        debug_assert!(!RESERVED.contains(&name), "`{name}` is a reserved member");
        if RESERVED.contains(&name) {
            return self;
        }
        let mut members = String::new();
        if !self.is_empty() {
            members = self.0.into_owned();
            members.push(',');
        }
        members.push_str(&Value::from(name).to_string());
        members.push(':');
        members.push_str(&value.into().to_string());
        Self(Cow::Owned(members))
    }

    /// The members as raw JSON text, without braces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

/// Says why raw members cannot be the details of a report.
#[derive(Debug)]
pub struct DetailsError(Kind);

#[derive(Debug)]
enum Kind {
    Syntax(serde_json::Error),
    Reserved(&'static str),
}

impl fmt::Display for DetailsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Syntax(_) => f.write_str("details are not the members of a JSON object"),
            Kind::Reserved(name) => write!(f, "details name the reserved member `{name}`"),
        }
    }
}

impl error::Error for DetailsError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.0 {
            Kind::Syntax(source) => Some(source),
            Kind::Reserved(_) => None,
        }
    }
}
