use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
#[api(colour = "red", into_response)]
enum LeadError {
    #[api(status = 404, code = "LEAD_NOT_FOUND")]
    NotFound,
}

#[derive(Debug, ApiError)]
#[api(into_response, crate = ::bartizan_error_envelope, into_response)]
#[api(crate = ::bartizan_error_envelope)]
enum MailError {
    #[api(status = 500, code = "MAIL_FAILED", into_response)]
    Failed,
}

#[derive(Debug, ApiError)]
#[api(into_response = true)]
#[api(crate = 7)]
enum QuotaError {
    #[api(status = 500, code = "QUOTA_FAILED")]
    Failed,
}

fn main() {}
