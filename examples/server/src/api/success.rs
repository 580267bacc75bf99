use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The shape of every answer that is not an error: `{"success":true,"data":...}`.
#[derive(Clone, Debug, Serialize)]
pub struct Success<T> {
    success: bool,
    data: T,
}

impl<T> Success<T> {
    /// Wraps the data.
    pub const fn new(data: T) -> Self {
        Self { success: true, data }
    }
}

impl<T: Serialize> IntoResponse for Success<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
