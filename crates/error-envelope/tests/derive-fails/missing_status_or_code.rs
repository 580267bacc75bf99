use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(code = "LEAD_NOT_FOUND")]
    NotFound,
    #[api(status = 409, message = "Taken")]
    Taken,
}

fn main() {}
