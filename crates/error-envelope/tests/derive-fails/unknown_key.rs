use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(stauts = 404, code = "LEAD_NOT_FOUND", colour = "red")]
    NotFound,
    #[api(404, code = "EMAIL_TAKEN")]
    Taken,
}

#[derive(Debug, ApiError)]
#[api(status = 500)]
enum StoreError {
    #[api(status = 500, code = "STORE_FAILED")]
    Failed,
}

fn main() {}
