use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 404, code = "A", level = "warning")]
    Unknown,
    #[api(status = 404, code = "B", level = Warn)]
    NoText,
}

fn main() {}
