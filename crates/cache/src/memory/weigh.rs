use std::sync::Arc;

use bytes::Bytes;

/// Tells how much memory a value takes, in bytes.
pub trait Weigh {
    /// The bytes that the value owns besides its own size on the stack.
    fn weight(&self) -> usize;
}

macro_rules! bytes {
    ($($type:ty),*) => {$(
        impl Weigh for $type {
            fn weight(&self) -> usize {
                self.len()
            }
        }
    )*};
}

bytes!(Bytes, String, Vec<u8>, Box<str>, Arc<str>, Box<[u8]>, Arc<[u8]>);

impl<T: Weigh> Weigh for Option<T> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, Weigh::weight)
    }
}

impl<T: Weigh> Weigh for Arc<T> {
    fn weight(&self) -> usize {
        size_of::<T>().saturating_add(T::weight(self))
    }
}
