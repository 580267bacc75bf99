//! What the derive's output calls; no part of the API.

#[cfg(feature = "axum")]
pub use ::axum;
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
#[cfg(feature = "axum")]
pub use crate::axum::into_response;

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

/// The length of catalogues that are joined, before equal cases become one.
#[must_use]
pub const fn joined_len(mut parts: &[&[ErrorCase]]) -> usize {
    let mut sum = 0;
    while let [first, rest @ ..] = parts {
        sum += first.len();
        parts = rest;
    }
    sum
}

/// Joined catalogues, in which equal cases are one.
#[derive(Debug)]
pub struct Joined<const N: usize> {
    cases: [ErrorCase; N],
    len: usize,
    unique: bool,
}

impl<const N: usize> Joined<N> {
    /// The cases in order of appearance.
    #[must_use]
    pub const fn cases(&self) -> &[ErrorCase] {
        self.cases.split_at(self.len).0
    }

    /// Tells whether each code stands once: cases that share one are not equal.
    #[must_use]
    pub const fn is_unique(&self) -> bool {
        self.unique
    }
}

/// Joins catalogues, whose lengths add up to `N`.
///
/// One pass for all, since the compiler interprets it and each code meets all codes before it.
#[must_use]
pub const fn join<const N: usize>(mut parts: &[&[ErrorCase]]) -> Joined<N> {
    let mut cases = [case(500, "INTERNAL_ERROR", ""); N];
    let (mut len, mut unique) = (0, true);
    while let [first, rest @ ..] = parts {
        let mut part = *first;
        while let [case, others @ ..] = part {
            let (known, free) = cases.split_at_mut(len);
            match (find(known, case.code), free) {
                (Some(known), _) => unique &= says_the_same(known, case),
                (None, [next, ..]) => {
                    *next = *case;
                    len += 1;
                }
                (None, []) => {}
            }
            part = others;
        }
        parts = rest;
    }
    Joined { cases, len, unique }
}

const fn find(mut cases: &[ErrorCase], code: Code) -> Option<&ErrorCase> {
    while let [case, rest @ ..] = cases {
        if same_text(case.code.as_str(), code.as_str()) {
            return Some(case);
        }
        cases = rest;
    }
    None
}

const fn says_the_same(one: &ErrorCase, other: &ErrorCase) -> bool {
    one.status.as_u16() == other.status.as_u16() && same_text(one.message, other.message)
}

const fn same_text(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    // Codes of one catalogue differ at their ends rather than at their beginnings.
    while let ([one_rest @ .., a], [other_rest @ .., b]) = (one, other) {
        if *a != *b {
            return false;
        }
        one = one_rest;
        other = other_rest;
    }
    true
}

/// Makes a derived error a handler's answer, on `#[api(into_response)]`; nothing without feature
/// `axum`.
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

/// Makes a derived error a handler's answer, on `#[api(into_response)]`; nothing without feature
/// `axum`.
#[doc(hidden)]
#[cfg(not(feature = "axum"))]
#[macro_export]
macro_rules! __impl_into_response {
    ($error:ty) => {};
}
