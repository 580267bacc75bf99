use std::time::Duration;

use bytes::Bytes;

use crate::Generation;
use crate::envelope;

/// What a store keeps under one name: an entry, or that there is none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    generation: Generation,
    keep: Duration,
    bytes: Bytes,
}

impl Record {
    pub(crate) const fn new(generation: Generation, keep: Duration, bytes: Bytes) -> Self {
        Self { generation, keep, bytes }
    }

    /// The generation of what is to be written.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// How long the store keeps it.
    #[must_use]
    pub const fn keep(&self) -> Duration {
        self.keep
    }

    /// What is to be written.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The generation that stored bytes begin with; none if they are not ours.
    #[must_use]
    pub fn generation_of(bytes: &[u8]) -> Option<Generation> {
        envelope::generation_of(bytes)
    }
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is there.
    Stored,
    /// These bytes were there already, and are of a later generation.
    Superseded(Bytes),
}
