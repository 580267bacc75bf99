use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(transparent, status = 500)]
    WithKey(std::fmt::Error),
    #[api(transparent)]
    NoField,
    #[api(transparent)]
    TwoFields(std::fmt::Error, u32),
}

fn main() {}
