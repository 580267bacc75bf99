use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 404, code = "LEAD_NOT_FOUND", status = 410)]
    NotFound,
    #[api(status = 409, code = "EMAIL_TAKEN")]
    #[api(code = "TAKEN")]
    Taken,
}

fn main() {}
