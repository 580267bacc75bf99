use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 404, code = "NO_SUCH_ROW", message = "Not here")]
    NotFound,
    #[api(transparent)]
    Store(StoreError),
}

#[derive(Debug, ApiError)]
enum StoreError {
    #[api(status = 410, code = "NO_SUCH_ROW", message = "Not here")]
    NotFound,
}

macro_rules! error {
    ($($error:ty)+) => {
        $(
            impl std::fmt::Display for $error {
                fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    Ok(())
                }
            }
            impl std::error::Error for $error {}
        )+
    };
}

error!(LeadError StoreError);

fn main() {}
