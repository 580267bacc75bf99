//! Errors of other people.

use std::error::Error;
use std::fmt;

/// Adds words in front of its source.
#[derive(Debug)]
pub(crate) struct Wrapped(pub(crate) Box<dyn Error + Send + Sync>);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the service failed")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Quotes its source, as many errors do.
#[derive(Debug)]
pub(crate) struct Quoting(pub(crate) Box<dyn Error + Send + Sync>);

impl fmt::Display for Quoting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service failed: {}", self.0)
    }
}

impl Error for Quoting {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// An error that the application maps.
#[derive(Debug)]
pub(crate) struct Quota;

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("account 7 has spent its quota")
    }
}

impl Error for Quota {}

/// An error that the application maps, with one inside that it maps as well.
#[derive(Debug)]
pub(crate) struct Outer(pub(crate) Quota);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// An error whose mapping panics.
#[derive(Debug)]
pub(crate) struct Cursed;

impl fmt::Display for Cursed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cursed")
    }
}

impl Error for Cursed {}

/// An error that panics whatever it is asked.
#[derive(Debug)]
pub(crate) struct Bottomless;

impl fmt::Display for Bottomless {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("secret of the words")
    }
}

impl Error for Bottomless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        panic!("secret of the source")
    }
}

/// An error that is its own source.
#[derive(Debug)]
pub(crate) struct Ouroboros;

impl fmt::Display for Ouroboros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("round and round")
    }
}

impl Error for Ouroboros {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&Self)
    }
}

/// An error that cannot say what it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Speechless {
    Fails,
    Panics,
}

impl fmt::Display for Speechless {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails => Err(fmt::Error),
            Self::Panics => panic!("no words"),
        }
    }
}

impl Error for Speechless {}
