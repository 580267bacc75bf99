//! Keys: parts that cannot run into one another.

mod borrowed;
mod encoded;
mod part;
#[cfg(test)]
mod tests;

pub use borrowed::{KeyOf, PartOf};
pub(crate) use encoded::{Encoded, Key};
pub use part::{KeyPart, KeyParts, Part, Parts};
