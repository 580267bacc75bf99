/// What a cache asks of its store and its backplane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`Store::read`](crate::Store::read).
    Read,
    /// [`Store::read_many`](crate::Store::read_many), counted once for all of its keys.
    ReadMany,
    /// [`Store::write`](crate::Store::write).
    Write,
    /// [`Backplane::open`](crate::Backplane::open).
    Open,
    /// [`Backplane::issue`](crate::Backplane::issue).
    Issue,
    /// [`Backplane::mark`](crate::Backplane::mark).
    Mark,
    /// [`Backplane::marks`](crate::Backplane::marks).
    Marks,
    /// [`Backplane::announce`](crate::Backplane::announce).
    Announce,
    /// [`Backplane::lock`](crate::Backplane::lock).
    Lock,
    /// [`Backplane::unlock`](crate::Backplane::unlock).
    Unlock,
    /// [`Backplane::listen`](crate::Backplane::listen), which never fails.
    Listen,
}

impl Operation {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Listen as usize + 1;
}

/// Which calls a fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// All.
    All,
    /// Those of the store: reads and writes.
    Store,
    /// Those of the backplane.
    Backplane,
    /// Those that ask: reads, where a cache stands, the marks of tags.
    Questions,
    /// Those that change something: writes, generations, marks, messages and locks.
    Changes,
    /// Those of one kind.
    Only(Operation),
}

impl Scope {
    pub(super) fn covers(self, operation: Operation) -> bool {
        use Operation::{Marks, Open, Read, ReadMany, Write};
        match self {
            Self::All => true,
            Self::Store => matches!(operation, Read | ReadMany | Write),
            Self::Backplane => !Self::Store.covers(operation),
            Self::Questions => matches!(operation, Read | ReadMany | Open | Marks),
            Self::Changes => !Self::Questions.covers(operation),
            Self::Only(only) => only == operation,
        }
    }
}
