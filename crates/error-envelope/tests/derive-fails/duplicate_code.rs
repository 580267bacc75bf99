use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 404, code = "GONE_AWAY")]
    NotFound,
    #[api(status = 410, code = "GONE_AWAY")]
    Deleted,
}

fn main() {}
