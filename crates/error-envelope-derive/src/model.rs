//! An enum whose attributes were checked: nothing in here is wrong any more.

use proc_macro2::Ident;
use syn::{LitStr, Path, Type};

use crate::field::Field;
use crate::message::Message;

pub(crate) struct ErrorEnum {
    pub(crate) ident: Ident,
    /// The path of `bartizan-error-envelope`.
    pub(crate) krate: Path,
    /// Whether axum's `IntoResponse` is asked for.
    pub(crate) into_response: bool,
    pub(crate) variants: Vec<Variant>,
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) meaning: Meaning,
}

pub(crate) enum Meaning {
    Transparent { field: Field, ty: Box<Type> },
    Own(Box<Own>),
}

pub(crate) struct Own {
    pub(crate) status: u16,
    pub(crate) code: LitStr,
    pub(crate) message: Option<Message>,
    pub(crate) details: Vec<(String, Field)>,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) level: Option<Ident>,
}

pub(crate) enum RetryAfter {
    Seconds(u64),
    Field(Field),
}
