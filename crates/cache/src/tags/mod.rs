//! Which entries were invalidated together: by a tag, or all of a cache.
//!
//! Two orders are kept apart. Within the process every invalidation, its own or one that it hears
//! of, takes the next number of a sequence; an entry in memory is valid if nothing it belongs to
//! was invalidated after its data began to be read. Between processes the backplane's
//! [`Generation`] says the same of entries in the store.
//!
//! [`Generation`]: crate::Generation

mod cell;
mod table;

pub(crate) use cell::{Cell, Complete, Touched};
pub(crate) use table::TagTable;
