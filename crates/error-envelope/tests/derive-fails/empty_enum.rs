use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum Never {}

fn main() {}
