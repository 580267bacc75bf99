use std::sync::Arc;

use super::{KeyPart, KeyParts};

/// A key of a cache with keys `K`, or a borrowed form of one: what is looked for need not be
/// allocated.
///
/// A cache of `(String, u32)` is asked for `&("wf_1", 7)`, one of `String` for `"wf_1"`.
pub trait KeyOf<K: ?Sized>: KeyParts {}

/// A part of type `P`, or a borrowed form of one that writes the same text.
pub trait PartOf<P: ?Sized>: KeyPart {}

impl<P: KeyPart> PartOf<P> for P {}
impl<P: KeyPart> PartOf<P> for &P {}

impl PartOf<String> for str {}
impl PartOf<String> for &str {}
impl PartOf<Box<str>> for str {}
impl PartOf<Box<str>> for &str {}
impl PartOf<Arc<str>> for str {}
impl PartOf<Arc<str>> for &str {}

impl<P: KeyPart, Q: PartOf<P> + ?Sized> KeyOf<P> for Q {}

macro_rules! tuple {
    ($($part:ident $asked:ident),*) => {
        impl<$($part: KeyPart, $asked: PartOf<$part>),*> KeyOf<($($part,)*)> for ($($asked,)*) {}
    };
}

tuple!(A Qa);
tuple!(A Qa, B Qb);
tuple!(A Qa, B Qb, C Qc);
tuple!(A Qa, B Qb, C Qc, D Qd);
tuple!(A Qa, B Qb, C Qc, D Qd, E Qe);
tuple!(A Qa, B Qb, C Qc, D Qd, E Qe, F Qf);
