use std::fmt;

/// Names a kind of failure for programs: `UPPER_SNAKE`, 1 to 63 characters.
///
/// The form is that of `google.rpc.ErrorInfo.reason`, so one code serves JSON and gRPC clients.
/// A code is always a constant, which keeps the set closed: codes are safe as metric labels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The longest code, in characters.
    pub const MAX_LEN: usize = 63;

    /// The form as a pattern of JSON Schema (ECMA-262): it matches exactly what
    /// [`Code::is_well_formed`] accepts.
    pub const PATTERN: &'static str = "^[A-Z]([A-Z0-9_]{0,61}[A-Z0-9])?$";

    /// Wraps a constant; in a `const` a malformed code is a compile error.
    ///
    /// # Panics
    ///
    /// When `code` is not `[A-Z][A-Z0-9_]*` of at most 63 characters, or ends with `_`.
    #[must_use]
    pub const fn from_static(code: &'static str) -> Self {
        assert!(
            Self::is_well_formed(code),
            "an error code is UPPER_SNAKE, starts with a letter, does not end with `_`, \
             and has at most 63 characters"
        );
        Self(code)
    }

    /// Tells whether `code` has the form that [`Code::from_static`] asks for.
    #[must_use]
    pub const fn is_well_formed(code: &str) -> bool {
        let mut rest = code.as_bytes();
        if rest.len() > Self::MAX_LEN || !matches!(rest, [b'A'..=b'Z', ..]) {
            return false;
        }
        let mut last = b'_';
        while let [byte, tail @ ..] = rest {
            if !matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_') {
                return false;
            }
            last = *byte;
            rest = tail;
        }
        last != b'_'
    }

    /// The code as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.0
    }
}
