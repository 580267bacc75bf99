use bartizan_error_envelope::ApiError;

/// Each member that `Details` of bartizan-contract refuses.
#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 409, code = "A", details(message))]
    Message { message: u32 },
    #[api(status = 409, code = "B", details(code))]
    Code { code: u32 },
    #[api(status = 409, code = "C", details("requestId" = 0))]
    RequestId(u32),
    #[api(status = 409, code = "D", details(r#type))]
    Type { r#type: u32 },
    #[api(status = 409, code = "E", details(title = .0))]
    Title(u32),
    #[api(status = 409, code = "F", details(status = kind))]
    Status { kind: u32 },
    #[api(status = 409, code = "G", details(detail, kind))]
    Detail { detail: u32, kind: u32 },
    #[api(status = 409, code = "H", details(kind, instance))]
    Instance { kind: u32, instance: u32 },
}

fn main() {}
