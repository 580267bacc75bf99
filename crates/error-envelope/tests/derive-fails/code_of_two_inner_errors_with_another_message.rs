use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum AnyError {
    #[api(transparent)]
    Leads(LeadError),
    #[api(transparent)]
    Users(UserError),
}

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 404, code = "NO_SUCH_ROW", message = "No such lead")]
    NotFound,
}

#[derive(Debug, ApiError)]
enum UserError {
    #[api(status = 404, code = "NO_SUCH_ROW", message = "No such user")]
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

error!(AnyError LeadError UserError);

fn main() {}
