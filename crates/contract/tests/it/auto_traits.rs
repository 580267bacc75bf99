use std::cell::Cell;
use std::fmt::Debug;
use std::marker::PhantomPinned;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use bartizan_contract::{
    Code, Content, Describe, Described, Description, Details, DetailsError, ErrorCase, ErrorReport,
    GrpcCode, Header, LogLevel, Operation, OwnOperation, Parameter, PassThrough, Reply,
    RequestBody, ResponseBody, ResponseKey, ResponseSelector, ResponseSpec, RouteOf, Schema,
    SecurityRequirement, SecurityScheme, StatusClass, Undocumented,
};
use bytes::Bytes;
use http::Extensions;
use http_body_util::Full;

/// Does not compile when the type has the auto trait: two implementations would answer then.
macro_rules! lacks {
    ($kind:ty: $bound:path) => {{
        trait Ambiguous<M> {
            fn found() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $bound> Ambiguous<u8> for T {}
        <$kind as Ambiguous<_>>::found();
    }};
}

fn plain_data<T: Send + Sync + Unpin + Debug + 'static>() {}
fn copied<T: Copy>() {}
fn sent<T: Send>() {}
fn moved<T: Unpin>() {}
fn unwound<T: UnwindSafe + RefUnwindSafe>() {}

#[test]
fn values_go_anywhere() {
    plain_data::<Code>();
    plain_data::<Content>();
    plain_data::<Described<(), fn(&Operation<'_>, &mut Description)>>();
    plain_data::<Description>();
    plain_data::<Details>();
    plain_data::<DetailsError>();
    plain_data::<ErrorCase>();
    plain_data::<ErrorReport>();
    plain_data::<GrpcCode>();
    plain_data::<Header>();
    plain_data::<LogLevel>();
    plain_data::<Operation<'static>>();
    plain_data::<OwnOperation>();
    plain_data::<Parameter>();
    plain_data::<PassThrough>();
    plain_data::<Reply>();
    plain_data::<RequestBody>();
    plain_data::<ResponseBody<Full<Bytes>>>();
    plain_data::<ResponseKey>();
    plain_data::<ResponseSelector>();
    plain_data::<ResponseSpec>();
    plain_data::<RouteOf>();
    plain_data::<Schema>();
    plain_data::<SecurityRequirement>();
    plain_data::<SecurityScheme>();
    plain_data::<StatusClass>();
    plain_data::<Undocumented<()>>();
    copied::<(Code, ErrorCase, GrpcCode, LogLevel, Operation<'_>, PassThrough, Reply, RouteOf)>();
    copied::<(ResponseKey, ResponseSelector, StatusClass)>();
}

#[test]
fn the_body_is_as_its_inner_body_is() {
    type Unsync = ResponseBody<Cell<u8>>;
    type Pinned = ResponseBody<PhantomPinned>;
    sent::<Unsync>();
    moved::<Unsync>();
    lacks!(Unsync: Sync);
    sent::<Pinned>();
    lacks!(Pinned: Unpin);
    lacks!(ResponseBody<Rc<u8>>: Send);
    unwound::<ResponseBody<Full<Bytes>>>();
}

#[test]
fn describing_layers_can_be_kept_apart_from_their_types() {
    let layers: Vec<Box<dyn Describe>> = vec![Box::new(Undocumented(1)), Box::new(())];
    assert_eq!(layers.len(), 2);
}

#[test]
fn any_function_of_extensions_reads_a_route() {
    #[derive(Clone)]
    struct Template(String);
    let of: RouteOf = |extensions| extensions.get::<Template>().map(|it| it.0.as_str());
    let mut extensions = Extensions::new();
    assert_eq!(of(&extensions), None);
    extensions.insert(Template("/users/{id}".to_owned()));
    assert_eq!(of(&extensions), Some("/users/{id}"));
}
