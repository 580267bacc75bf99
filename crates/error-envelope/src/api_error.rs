use std::error::Error;

use bartizan_contract::{ErrorCase, ErrorReport};

/// An error type that knows its report; derived for enums.
///
/// The derive takes, on each variant, `#[api(...)]` with `status` and `code`, and optionally
/// `message` (with the variant's fields in braces), `retry_after`, `details`, `level`; or
/// `#[api(transparent)]` for a variant that holds another `ApiError`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not know how to report itself to clients",
    label = "not an `ApiError`",
    note = "derive it: `#[derive(ApiError)]` on an enum, with `#[api(status = ..., code = \"...\")]` on each variant"
)]
pub trait ApiError: Error + Send + Sync + Sized + 'static {
    /// Every error that a value of this type may report; each code stands once.
    const CATALOGUE: &'static [ErrorCase];

    /// The report, without the error itself as its source.
    fn to_report(&self) -> ErrorReport;

    /// The report, with the error as its source.
    fn into_report(self) -> ErrorReport {
        self.to_report().with_source(self)
    }
}

/// What the derive's output calls.
#[doc(hidden)]
pub mod __private {
    pub use std::time::Duration;
    pub use std::{assert, format};

    use bartizan_contract::Code;
    pub use bartizan_contract::{
        Code as ErrorCode, DescribeOutput, Description, Details, ErrorCase, ErrorReport, LogLevel,
        Operation,
    };
    pub use http::StatusCode;
    use serde_json::Value;

    pub use crate::ApiError;

    /// A case from literals that the derive has checked.
    #[must_use]
    pub const fn case(status: u16, code: &'static str, message: &'static str) -> ErrorCase {
        ErrorCase::new(self::status(status), Code::from_static(code), message)
    }

    /// A status from a literal that the derive has checked.
    #[must_use]
    pub const fn status(status: u16) -> StatusCode {
        match StatusCode::from_u16(status) {
            Ok(status) => status,
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The message of a literal status that says nothing more.
    #[must_use]
    pub const fn words(status: u16) -> &'static str {
        ErrorReport::message_of_status(self::status(status))
    }

    /// The value that a field has in the details.
    #[must_use]
    pub fn detail<T: Clone + Into<Value>>(field: &T) -> Value {
        field.clone().into()
    }

    /// Adds the catalogue of an error type to an operation.
    pub fn describe<E: ApiError>(description: &mut Description) {
        for case in E::CATALOGUE {
            description.add_error(*case);
        }
    }

    /// The length of catalogues that are joined.
    #[must_use]
    pub const fn joined_len(mut parts: &[&[ErrorCase]]) -> usize {
        let mut sum = 0;
        while let [first, rest @ ..] = parts {
            sum += first.len();
            parts = rest;
        }
        sum
    }

    /// Joins catalogues, whose lengths add up to `N`.
    #[must_use]
    pub const fn join<const N: usize>(mut parts: &[&[ErrorCase]]) -> [ErrorCase; N] {
        let mut all = [case(500, "INTERNAL_ERROR", ""); N];
        let mut len = 0;
        while let [first, rest @ ..] = parts {
            let mut cases = *first;
            while let [case, others @ ..] = cases {
                if let (_, [next, ..]) = all.split_at_mut(len) {
                    *next = *case;
                }
                len += 1;
                cases = others;
            }
            parts = rest;
        }
        all
    }

    /// Tells whether each code stands once.
    #[must_use]
    pub const fn unique(mut cases: &[ErrorCase]) -> bool {
        while let [case, rest @ ..] = cases {
            if names(rest, case.code) {
                return false;
            }
            cases = rest;
        }
        true
    }

    const fn names(mut cases: &[ErrorCase], code: Code) -> bool {
        while let [case, rest @ ..] = cases {
            if equal(case.code.as_str().as_bytes(), code.as_str().as_bytes()) {
                return true;
            }
            cases = rest;
        }
        false
    }

    const fn equal(mut one: &[u8], mut other: &[u8]) -> bool {
        loop {
            match (one, other) {
                ([], []) => return true,
                ([a, one_rest @ ..], [b, other_rest @ ..]) if *a == *b => {
                    one = one_rest;
                    other = other_rest;
                }
                _ => return false,
            }
        }
    }

    #[doc(hidden)]
    #[cfg(feature = "axum")]
    pub use crate::axum::into_response;

    /// Makes a derived error a handler's answer; nothing without feature `axum`.
    #[doc(hidden)]
    #[cfg(feature = "axum")]
    #[macro_export]
    macro_rules! __impl_into_response {
        ($error:ty) => {
            impl $crate::__private::axum::response::IntoResponse for $error {
                fn into_response(self) -> $crate::__private::axum::response::Response {
                    $crate::__private::into_response($crate::ApiError::into_report(self))
                }
            }
        };
    }

    /// Makes a derived error a handler's answer; nothing without feature `axum`.
    #[doc(hidden)]
    #[cfg(not(feature = "axum"))]
    #[macro_export]
    macro_rules! __impl_into_response {
        ($error:ty) => {};
    }

    #[cfg(feature = "axum")]
    pub use ::axum;
}
