//! What layers, extractors and error types mean to an API document, as plain data.

mod content;
mod description;
mod key;
mod layers;
mod operation;
mod response;
mod schema;
mod security;

use std::sync::Arc;

use tower_layer::Identity;

pub use content::{Content, Header};
pub use description::{Description, RequestBody};
pub use key::{ResponseKey, ResponseSelector, StatusClass};
pub use layers::{Described, Undocumented};
pub use operation::{Operation, OwnOperation};
pub use response::{ErrorCase, ResponseSpec};
pub use schema::{Parameter, ParameterLocation, Schema};
pub use security::{SecurityRequirement, SecurityScheme};

/// Tells what a layer adds to the API description.
///
/// A description grows from the inside out, as a response does: the handler describes itself first,
/// then each layer from the innermost outwards. So a layer sees, and may extend, what comes from
/// within; what layers further out add later is none of its doing and stays out of its reach.
///
/// Tuples of layers describe themselves as [`tower_layer::Layer`] applies them: the first is
/// outermost.
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

impl Describe for () {
    fn describe(&self, _: &Operation<'_>, _: &mut Description) {}
}

macro_rules! describe_through {
    ($($pointer:ty)+) => {
        $(impl<D: Describe + ?Sized> Describe for $pointer {
            fn describe(&self, operation: &Operation<'_>, description: &mut Description) {
                D::describe(self, operation, description);
            }

            fn own_operations(&self) -> Vec<OwnOperation> {
                D::own_operations(self)
            }
        })+
    };
}

describe_through!(&D Arc<D> Box<D>);

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
