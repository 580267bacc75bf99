#![doc = include_str!("../README.md")]

mod attr;
mod check;
mod errors;
mod expand;
mod field;
mod message;
mod model;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `ApiError` for an enum: what clients and the log are told about each variant.
///
/// `Display` and `Error` stay with the author, since they are the operator's words. Implemented
/// besides `ApiError` is `DescribeOutput` and, where the enum asks for it, axum's `IntoResponse`.
///
/// # On a variant
///
/// `#[api(...)]` with these keys, in any order:
///
/// - `status = 404`: from 400 to 599. Required.
/// - `code = "LEAD_NOT_FOUND"`: `UPPER_SNAKE`, at most 63 characters, once per enum. Required.
/// - `message = "Lead {id} does not exist"`: the client's words, with fields by name or position
///   (`{0}`) and the formats of `std::fmt`, except widths and precisions taken from an argument.
///   Without it, clients read the fixed words of the status; the `Display` text never reaches them.
/// - `details(email, currentTier = tier, "X-Plan" = 1)`: further members of the error object, from
///   fields that are `Clone + Into<serde_json::Value>`.
/// - `retry_after = 30`: seconds; or `retry_after = wait`, `retry_after = .0`: a `Duration` field.
/// - `level = "warn"`: `off`, `debug`, `info`, `warn` or `error`. Without it, `error` from status
///   500 and `debug` below.
///
/// Or `#[api(transparent)]` alone, on a variant whose only field is an `ApiError` itself: that
/// error's report is the report, and its catalogue is part of this one. A case that several
/// variants bring this way stands once in the catalogue; one code with two statuses or two messages
/// is a compile error.
///
/// # On the enum
///
/// `#[api(...)]` with these keys, none of which is required:
///
/// - `into_response`: implements axum's `IntoResponse` too, so that the error is a handler's answer;
///   nothing without feature `axum` of `bartizan-error-envelope`. An enum without this key may
///   implement `IntoResponse` by hand.
/// - `crate = path`: where `bartizan-error-envelope` is found, when another crate re-exports it.
#[proc_macro_derive(ApiError, attributes(api))]
pub fn api_error(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match check::check(&input) {
        Ok(error) => expand::expand(&error).into(),
        Err(mistakes) => mistakes.into_compile_error().into(),
    }
}
