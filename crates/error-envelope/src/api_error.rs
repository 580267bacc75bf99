use std::error::Error;

use bartizan_contract::{ErrorCase, ErrorReport};

/// An error type that knows its report; derived for enums.
///
/// The derive takes, on each variant, `#[api(...)]` with `status` and `code`, and optionally
/// `message` (with the variant's fields in braces), `retry_after`, `details`, `level`; or
/// `#[api(transparent)]` for a variant that holds another `ApiError`. On the enum,
/// `#[api(into_response)]` makes it a handler's answer with feature `axum`.
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
