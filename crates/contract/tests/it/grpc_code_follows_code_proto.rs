use bartizan_contract::{Code, ErrorReport, GrpcCode};
use http::StatusCode;

/// `google/rpc/code.proto`: each code, its number and the HTTP status of its comment.
const PUBLISHED: [(GrpcCode, u8, u16); 17] = [
    (GrpcCode::Ok, 0, 200),
    (GrpcCode::Cancelled, 1, 499),
    (GrpcCode::Unknown, 2, 500),
    (GrpcCode::InvalidArgument, 3, 400),
    (GrpcCode::DeadlineExceeded, 4, 504),
    (GrpcCode::NotFound, 5, 404),
    (GrpcCode::AlreadyExists, 6, 409),
    (GrpcCode::PermissionDenied, 7, 403),
    (GrpcCode::ResourceExhausted, 8, 429),
    (GrpcCode::FailedPrecondition, 9, 400),
    (GrpcCode::Aborted, 10, 409),
    (GrpcCode::OutOfRange, 11, 400),
    (GrpcCode::Unimplemented, 12, 501),
    (GrpcCode::Internal, 13, 500),
    (GrpcCode::Unavailable, 14, 503),
    (GrpcCode::DataLoss, 15, 500),
    (GrpcCode::Unauthenticated, 16, 401),
];

fn of(status: u16) -> GrpcCode {
    GrpcCode::of_status(StatusCode::from_u16(status).unwrap())
}

#[test]
fn numbers_the_codes_as_published() {
    for (code, number, _) in PUBLISHED {
        assert_eq!(code as u8, number);
        assert_eq!(code.as_header(), number.to_string());
    }
}

#[test]
fn translates_each_published_status_into_a_code_that_it_stands_for() {
    for (_, _, status) in PUBLISHED {
        let code = of(status);
        assert!(PUBLISHED.iter().any(|known| (known.0, known.2) == (code, status)), "{status}");
    }
}

#[test]
fn chooses_one_where_a_status_stands_for_several() {
    assert_eq!(of(400), GrpcCode::InvalidArgument);
    assert_eq!(of(409), GrpcCode::Aborted);
    assert_eq!(of(500), GrpcCode::Internal);
}

#[test]
fn translates_the_statuses_that_code_proto_leaves_out_by_their_meaning() {
    let by_meaning = [
        (204, GrpcCode::Ok),
        (299, GrpcCode::Ok),
        (402, GrpcCode::PermissionDenied),
        (405, GrpcCode::Unimplemented),
        (408, GrpcCode::DeadlineExceeded),
        (410, GrpcCode::NotFound),
        (411, GrpcCode::InvalidArgument),
        (412, GrpcCode::FailedPrecondition),
        (413, GrpcCode::ResourceExhausted),
        (414, GrpcCode::InvalidArgument),
        (415, GrpcCode::InvalidArgument),
        (416, GrpcCode::OutOfRange),
        (417, GrpcCode::FailedPrecondition),
        (422, GrpcCode::InvalidArgument),
        (423, GrpcCode::Aborted),
        (424, GrpcCode::FailedPrecondition),
        (426, GrpcCode::FailedPrecondition),
        (428, GrpcCode::FailedPrecondition),
        (431, GrpcCode::InvalidArgument),
        (451, GrpcCode::PermissionDenied),
        (502, GrpcCode::Unavailable),
        (507, GrpcCode::ResourceExhausted),
    ];
    for (status, code) in by_meaning {
        assert_eq!(of(status), code, "{status}");
    }
    for unknown in [100, 301, 406, 418, 421, 425, 505, 599, 999] {
        assert_eq!(of(unknown), GrpcCode::Unknown, "{unknown}");
    }
}

#[test]
fn calls_no_error_status_ok() {
    for status in 400..=999 {
        assert_ne!(of(status), GrpcCode::Ok, "{status}");
    }
}

/// gRPC answers a method that is not there with `UNIMPLEMENTED`; `NOT_FOUND` is for a missing entity.
#[test]
fn tells_a_missing_route_from_a_missing_resource() {
    let missing = ErrorReport::from_status(StatusCode::NOT_FOUND);
    assert_eq!(missing.grpc_code(), GrpcCode::NotFound);
    let unrouted = missing.with_code(Code::ROUTE_NOT_FOUND);
    assert_eq!(unrouted.grpc_code(), GrpcCode::Unimplemented);
}
