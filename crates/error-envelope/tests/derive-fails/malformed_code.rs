use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 404, code = "lead-not-found")]
    Lower,
    #[api(status = 404, code = "")]
    Empty,
    #[api(status = 404, code = "4_LEADS")]
    DigitFirst,
    #[api(status = 404, code = "LEAD_")]
    UnderscoreLast,
    #[api(status = 404, code = "A23456789_123456789_123456789_123456789_123456789_123456789_1234")]
    SixtyFour,
    #[api(status = 404, code = LEAD_NOT_FOUND)]
    Constant,
}

fn main() {}
