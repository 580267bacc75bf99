use bartizan_contract::{Content, DescribeInput, Description, Operation, RequestBody, Schema};
use serde_json::json;

/// Reads what a handler's argument means to a document.
///
/// The marker `M` tells how. Without it the two implementations here would conflict, since the
/// contract may one day describe `String` itself; `FromRequest` of axum has a marker for the same
/// reason.
///
/// ```compile_fail,E0119
/// trait Input {}
/// impl<T: bartizan_contract::DescribeInput> Input for T {}
/// impl Input for String {}
/// ```
pub trait OperationInput<M> {
    /// Adds the argument to one operation.
    fn add_to(operation: &Operation<'_>, description: &mut Description);
}

/// Marks arguments that describe themselves by the contract.
#[derive(Clone, Copy, Debug)]
pub enum ViaContract {}

/// Marks foreign arguments that take the body as text.
#[derive(Clone, Copy, Debug)]
pub enum ViaText {}

impl<T: DescribeInput> OperationInput<ViaContract> for T {
    fn add_to(operation: &Operation<'_>, description: &mut Description) {
        T::describe_input(operation, description);
    }
}

impl OperationInput<ViaText> for String {
    fn add_to(_: &Operation<'_>, description: &mut Description) {
        let text = Schema::inline(json!({ "type": "string" }));
        description.add_request_body(RequestBody::new(Content::new("text/plain", text)));
    }
}
