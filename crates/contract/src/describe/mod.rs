//! What layers, extractors and error types mean to an API document, as plain data.

mod description;
mod layers;
mod operation;
mod response;
mod schema;

use tower_layer::Identity;

pub use description::{Description, RequestBody, SecurityScheme};
pub use layers::{Described, Undocumented};
pub use operation::{Operation, OwnOperation};
pub use response::{Content, ErrorCase, Header, ResponseSelector, ResponseSpec};
pub use schema::{Parameter, ParameterLocation, Schema};

/// Tells what a layer adds to the API description.
///
/// Tuples of layers describe themselves as [`tower_layer::Layer`] applies them: the first is
/// outermost. The innermost layer describes first, so an outer one sees, and may extend, what is
/// already there.
pub trait Describe {
    /// Adds what this layer does to one operation that it covers.
    fn describe(&self, operation: &Operation<'_>, description: &mut Description);

    /// Lists the operations that this layer answers itself.
    fn own_operations(&self) -> Vec<OwnOperation> {
        Vec::new()
    }
}

/// Tells what a handler's argument means to a document: parameters, a body, what it may refuse.
pub trait DescribeInput {
    /// Adds this input to one operation.
    fn describe_input(operation: &Operation<'_>, description: &mut Description);
}

/// Tells what a handler's result, or an error type, means to a document.
pub trait DescribeOutput {
    /// Adds this output to one operation.
    fn describe_output(operation: &Operation<'_>, description: &mut Description);
}

impl Describe for Identity {
    fn describe(&self, _: &Operation<'_>, _: &mut Description) {}
}

impl<D: Describe + ?Sized> Describe for &D {
    fn describe(&self, operation: &Operation<'_>, description: &mut Description) {
        D::describe(self, operation, description);
    }

    fn own_operations(&self) -> Vec<OwnOperation> {
        D::own_operations(self)
    }
}

impl Describe for () {
    fn describe(&self, _: &Operation<'_>, _: &mut Description) {}
}

macro_rules! describe_tuple {
    ($($layer:ident)+) => {
        impl<$($layer: Describe),+> Describe for ($($layer,)+) {
            #[expect(non_snake_case, reason = "one name serves as type and as binding")]
            fn describe(&self, operation: &Operation<'_>, description: &mut Description) {
                let ($($layer,)+) = self;
                let outermost_first: &[&dyn Describe] = &[$($layer),+];
                layers::describe_all(outermost_first, operation, description);
            }

            #[expect(non_snake_case, reason = "one name serves as type and as binding")]
            fn own_operations(&self) -> Vec<OwnOperation> {
                let ($($layer,)+) = self;
                let outermost_first: &[&dyn Describe] = &[$($layer),+];
                layers::own_operations_of_all(outermost_first)
            }
        }
    };
}

// As many as tower-layer implements `Layer` for.
describe_tuple!(A);
describe_tuple!(A B);
describe_tuple!(A B C);
describe_tuple!(A B C D);
describe_tuple!(A B C D E);
describe_tuple!(A B C D E F);
describe_tuple!(A B C D E F G);
describe_tuple!(A B C D E F G H);
describe_tuple!(A B C D E F G H I);
describe_tuple!(A B C D E F G H I J);
describe_tuple!(A B C D E F G H I J K);
describe_tuple!(A B C D E F G H I J K L);
describe_tuple!(A B C D E F G H I J K L M);
describe_tuple!(A B C D E F G H I J K L M N);
describe_tuple!(A B C D E F G H I J K L M N O);
describe_tuple!(A B C D E F G H I J K L M N O P);
