use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    NotFound,
    #[api]
    Taken,
    #[api()]
    Slow,
}

fn main() {}
