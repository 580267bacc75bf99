use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 200, code = "fine", message = "{id}", level = "loud", details(status = id))]
    Fine,
    Forgotten,
    #[api(status = "404", kode = "X", retry_after = 0)]
    NotFound,
}

fn main() {}
