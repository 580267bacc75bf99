use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 409, code = "A", details(emial))]
    Unknown { email: String },
    #[api(status = 409, code = "B", details(code, r#type = code, "requestId" = code))]
    Reserved { code: u32 },
    #[api(status = 409, code = "C", details(email, email = owner))]
    Twice { email: String, owner: String },
    #[api(status = 409, code = "D", details(0))]
    PositionWithoutName(String),
    #[api(status = 409, code = "E", details = 0)]
    NoList(String),
    #[api(status = 409, code = "F", details(email = "text"))]
    NoField { email: String },
}

fn main() {}
