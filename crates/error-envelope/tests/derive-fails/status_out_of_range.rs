use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 200, code = "FINE")]
    Fine,
    #[api(status = 600, code = "TOO_HIGH")]
    TooHigh,
    #[api(status = 99999, code = "FAR_TOO_HIGH")]
    FarTooHigh,
    #[api(status = "404", code = "LEAD_NOT_FOUND")]
    NotFound,
    #[api(status = StatusCode::NOT_FOUND, code = "CONSTANT")]
    Constant,
}

fn main() {}
