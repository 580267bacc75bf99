#![doc = include_str!("../README.md")]

mod body;
mod code;
mod describe;
mod details;
mod grpc;
mod pass_through;
mod reply;
mod report;
mod route;
mod status;

pub use body::ResponseBody;
pub use code::Code;
pub use describe::{
    Content, Describe, DescribeInput, DescribeOutput, Described, Description, ErrorCase, Header,
    Operation, OwnOperation, Parameter, ParameterLocation, RequestBody, ResponseKey,
    ResponseSelector, ResponseSpec, Schema, SecurityRequirement, SecurityScheme, StatusClass,
    Undocumented,
};
pub use details::{Details, DetailsError};
pub use grpc::GrpcCode;
pub use pass_through::PassThrough;
pub use reply::Reply;
pub use report::{ErrorReport, LogLevel};
pub use route::RouteOf;
