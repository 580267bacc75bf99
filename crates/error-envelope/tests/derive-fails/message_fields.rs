use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
enum LeadError {
    #[api(status = 404, code = "A", message = "Lead {ident} does not exist")]
    Unknown { id: u64, owner: u64 },
    #[api(status = 404, code = "B", message = "Lead {1} does not exist")]
    UnknownPosition(u64),
    #[api(status = 404, code = "C", message = "Lead {id} does not exist")]
    NoFields,
    #[api(status = 404, code = "D", message = "Lead {} does not exist")]
    Unnamed(u64),
    #[api(status = 404, code = "E", message = "Lead {0 does not exist")]
    NeverClosed(u64),
    #[api(status = 404, code = "F", message = "Lead 0} does not exist")]
    NeverOpened(u64),
    #[api(status = 404, code = "G", message = "Lead {id:width$} does not exist")]
    WidthArgument { id: u64, width: usize },
}

fn main() {}
