use std::sync::Arc;

use crate::ConfigError;

/// What things are called in Redis.
///
/// The control keys of a cache share a hash tag, so that one script can have them all in a cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// A namespace and a colon, or nothing.
    prefix: Arc<str>,
}

impl Names {
    const LONGEST: usize = 64;

    pub(super) fn within(namespace: &str) -> Result<Self, ConfigError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !(1..=Self::LONGEST).contains(&namespace.len()) || !namespace.bytes().all(plain) {
            let expected = "1 to 64 of A-Z, a-z, 0-9, `_`, `.` and `-`";
            return Err(ConfigError::new("namespace", namespace, expected));
        }
        Ok(Self { prefix: format!("{namespace}:").into() })
    }

    /// The entry under a key, which begins with the name of its cache.
    pub(super) fn entry(&self, key: &str) -> String {
        [&self.prefix, key].concat()
    }

    /// The last generation of a cache.
    pub(super) fn generation(&self, cache: &str) -> String {
        format!("{}bartizan:{{{cache}}}:generation", self.prefix)
    }

    /// The marks of a whole cache.
    pub(super) fn marks(&self, cache: &str) -> String {
        format!("{}bartizan:{{{cache}}}:marks", self.prefix)
    }

    /// The marks of a tag.
    pub(super) fn tag(&self, cache: &str, tag: &str) -> String {
        format!("{}bartizan:{{{cache}}}:tag:{tag}", self.prefix)
    }

    pub(super) fn lock(&self, name: &str) -> String {
        format!("{}bartizan:lock:{name}", self.prefix)
    }

    /// The channel for messages.
    pub(super) fn channel(&self) -> String {
        format!("{}bartizan:cache", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_namespace_entries_are_called_by_their_key() {
        let names = Names::default();
        assert_eq!(names.entry("workflow:loc_1:wf_2"), "workflow:loc_1:wf_2");
        assert_eq!(names.generation("workflow"), "bartizan:{workflow}:generation");
        assert_eq!(names.marks("workflow"), "bartizan:{workflow}:marks");
        assert_eq!(names.tag("workflow", "loc 1:{x}"), "bartizan:{workflow}:tag:loc 1:{x}");
        assert_eq!(names.lock("workflow:loc_1"), "bartizan:lock:workflow:loc_1");
        assert_eq!(names.channel(), "bartizan:cache");
    }

    #[test]
    fn a_namespace_stands_before_everything() {
        let names = Names::within("eu-1.Live_2").unwrap();
        assert_eq!(names.entry("workflow:loc_1"), "eu-1.Live_2:workflow:loc_1");
        assert_eq!(names.generation("a"), "eu-1.Live_2:bartizan:{a}:generation");
        assert_eq!(names.marks("a"), "eu-1.Live_2:bartizan:{a}:marks");
        assert_eq!(names.tag("a", "b"), "eu-1.Live_2:bartizan:{a}:tag:b");
        assert_eq!(names.lock("a"), "eu-1.Live_2:bartizan:lock:a");
        assert_eq!(names.channel(), "eu-1.Live_2:bartizan:cache");
    }

    #[test]
    fn a_namespace_that_could_be_mistaken_is_refused() {
        let longest = "n".repeat(64);
        assert!(Names::within(&longest).is_ok());
        for namespace in ["", "a:b", "{a}", "a b", "é", "a\n", &format!("{longest}n")] {
            let error = Names::within(namespace).unwrap_err().to_string();
            let expected = format!("namespace is {namespace:?}, expected 1 to 64 of ");
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}
