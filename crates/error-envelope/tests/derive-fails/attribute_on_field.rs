use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 500, code = "STORE_FAILED")]
    Store {
        #[api(source)]
        cause: String,
    },
}

fn main() {}
