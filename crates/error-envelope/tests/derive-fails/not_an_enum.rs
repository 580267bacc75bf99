use bartizan_error_envelope::ApiError;

#[derive(Debug, ApiError)]
struct NotFound {
    id: u64,
}

#[derive(ApiError)]
union Either {
    one: u32,
    other: f32,
}

fn main() {}
