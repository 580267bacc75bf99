use std::time::Duration;

use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum SlowDown {
    #[api(status = 429, code = "A", retry_after = delay)]
    Unknown { wait: Duration },
    #[api(status = 429, code = "B", retry_after = 0)]
    Zero(Duration),
    #[api(status = 429, code = "C", retry_after = "30s")]
    Text,
}

fn main() {}
