//! What `bartizan-contract` promises, one module per promise.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod any_report_is_valid_json;
mod auto_traits;
mod body_is_inner_or_complete;
mod code_is_upper_snake;
mod code_pattern_is_exact;
mod description_merges;
mod details_are_json_members;
mod foreign_layers_are_admitted;
mod grpc_code_follows_code_proto;
mod grpc_refusal_is_trailers_only;
mod reply_reads_the_request;
mod report_answers_alone;
mod report_keeps_its_source;
mod report_renders_json;
mod responses_are_addressed;
mod security_is_an_and_of_ors;
mod support;
mod tuples_describe_inside_out;
