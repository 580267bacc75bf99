use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum Wrapped<'a, T> {
    #[api(status = 500, code = "WRAPPED")]
    Wrapped(&'a T),
}

fn main() {}
