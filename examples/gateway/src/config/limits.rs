//! The section `limits`.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bartizan_ratelimit_tiers::{
    Caller, Class, Head, Limits, MemoryStore, RateLimitLayer, TierName, Tiers,
};
use http::{HeaderName, Method};
use toml::Table;

use super::section::Section;
use super::{ConfigError, Secret};

/// How often callers may ask, by tier.
#[derive(Clone)]
pub struct LimitSettings {
    pub(super) api_key_header: HeaderName,
    pub(super) keys: Vec<(Secret, String)>,
    pub(super) classes: Vec<ClassSettings>,
    tiers: Tiers,
    /// What was written of the tiers.
    pub(super) written: Table,
}

/// Requests that are limited alike.
#[derive(Clone, Debug)]
pub(super) struct ClassSettings {
    pub(super) name: String,
    methods: Vec<Method>,
    path: Option<String>,
}

impl LimitSettings {
    /// Reads the section; an empty one sets no limits.
    pub(super) fn read(mut section: Section) -> Result<Option<Self>, ConfigError> {
        if section.is_empty() {
            return Ok(None);
        }
        let expected = "the name of a header";
        let api_key_header = section.take("api_key_header", expected, |value| {
            HeaderName::from_bytes(value.as_str()?.as_bytes()).ok()
        })?;
        let keys = section.sections("keys")?.unwrap_or_default();
        let keys: Vec<_> = keys.into_iter().map(key).collect::<Result<_, _>>()?;
        let classes = match section.sections("classes")? {
            Some(classes) => {
                classes.into_iter().map(ClassSettings::read).collect::<Result<_, _>>()?
            }
            None => vec![ClassSettings { name: "api".to_owned(), methods: vec![], path: None }],
        };
        let field = |name: &str| section.field(name);
        let (tiers_field, keys_field) = (field("tiers"), field("keys"));
        let written = section.rest();
        let tiers: Tiers = written.clone().try_into().map_err(|error: toml::de::Error| {
            let message = error.message().trim().replace('\n', " ");
            ConfigError::wrong(&tiers_field, None, format!("tiers with quotas ({message})"))
        })?;
        for (at, (_, tier)) in keys.iter().enumerate() {
            if tiers.find(&TierName::from(tier.clone())).is_none() {
                // Not shown: who has mixed up the two fields has written the key here.
                let field = format!("{keys_field}[{at}].tier");
                return Err(ConfigError::wrong(field, None, "the name of one of the tiers"));
            }
        }
        let settings = Self {
            api_key_header: api_key_header.unwrap_or(HeaderName::from_static("x-api-key")),
            keys,
            classes,
            tiers,
            written,
        };
        // The layer checks what only the whole can tell, such as quotas of classes that are not.
        RateLimitLayer::new(MemoryStore::new(), settings.limits())
            .map_err(|error| ConfigError::wrong(tiers_field, None, error.to_string()))?;
        Ok(Some(settings))
    }

    pub(crate) fn limits(&self) -> Limits {
        let classes = self.classes.iter().map(ClassSettings::class);
        classes.fold(Limits::new(self.tiers.clone()), Limits::with_class)
    }

    /// A key that is unknown is no caller, so guessing keys counts against the address.
    pub(crate) fn resolver(&self) -> impl Fn(&Head<'_>) -> Option<Caller> + Clone + use<> {
        let tiers: HashMap<Box<[u8]>, TierName> = (self.keys.iter())
            .map(|(key, tier)| (key.expose().as_bytes().into(), TierName::from(tier.clone())))
            .collect();
        let tiers = Arc::new(tiers);
        let tier_of = move |key: &[u8]| tiers.get(key).cloned();
        bartizan_ratelimit_tiers::by_api_key(self.api_key_header.clone(), tier_of)
    }

    /// The header that carries a caller's key.
    pub(crate) const fn api_key_header(&self) -> &HeaderName {
        &self.api_key_header
    }
}

fn key(mut section: Section) -> Result<(Secret, String), ConfigError> {
    let (key, tier) = (section.field("key"), section.field("tier"));
    let missing = |field: String, expected: &str| ConfigError::wrong(field, None, expected);
    let expected = "a key of visible ASCII characters";
    let secret = section.take_secret("key", expected, Secret::parse)?;
    let secret = secret.ok_or_else(|| missing(key, expected))?;
    let expected = "the name of a tier";
    let name = section.take("tier", expected, |value| value.as_str().map(str::to_owned))?;
    let name = name.ok_or_else(|| missing(tier, expected))?;
    section.finish()?;
    Ok((secret, name))
}

impl ClassSettings {
    fn read(mut section: Section) -> Result<Self, ConfigError> {
        let field = section.field("name");
        let expected = "a name of visible ASCII characters";
        let name = section.take("name", expected, |value| value.as_str().map(str::to_owned))?;
        let name = name.ok_or_else(|| ConfigError::wrong(field, None, expected))?;
        let methods = section.texts("methods", "a list of methods", |text| {
            Method::from_bytes(text.as_bytes()).ok()
        })?;
        let expected = "the beginning of a path, from its slash on";
        let path = section.take("path", expected, |value| {
            value.as_str().filter(|path| path.starts_with('/')).map(str::to_owned)
        })?;
        section.finish()?;
        Ok(Self { name, methods: methods.unwrap_or_default(), path })
    }

    fn class(&self) -> Class {
        let class = Class::new(self.name.clone());
        let class = self.methods.iter().cloned().fold(class, Class::with_method);
        match self.path.clone() {
            Some(prefix) => class.when(move |head| head.uri().path().starts_with(&prefix)),
            None => class,
        }
    }
}

impl fmt::Debug for LimitSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitSettings")
            .field("api_key_header", &self.api_key_header)
            .field("classes", &self.classes)
            .field("tiers", &self.tiers)
            .finish_non_exhaustive()
    }
}
