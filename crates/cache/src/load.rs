use std::sync::Arc;
use std::time::Duration;

use crate::Item;
use crate::entry::{Entry, Validators};
use crate::item::Kind;

/// What a loader is told.
#[derive(Debug)]
pub struct Load<V> {
    previous: Option<Previous<V>>,
}

/// The entry that is to be replaced: past its lifetime, or soon.
#[derive(Debug)]
pub struct Previous<V> {
    entry: Arc<Entry<V>>,
    age: Duration,
}

impl<V> Load<V> {
    pub(crate) fn new(previous: Option<(Arc<Entry<V>>, Duration)>) -> Self {
        Self { previous: previous.map(|(entry, age)| Previous { entry, age }) }
    }

    /// The entry that is to be replaced, if it is still there: its validators make a conditional
    /// request, and if the source says that nothing has changed, [`Previous::not_modified`] is the
    /// answer.
    #[must_use]
    pub const fn previous(&self) -> Option<&Previous<V>> {
        self.previous.as_ref()
    }
}

impl<V> Previous<V> {
    /// Its value.
    #[must_use]
    pub fn value(&self) -> &V {
        &self.entry.value
    }

    /// The time since it was loaded or set.
    #[must_use]
    pub const fn age(&self) -> Duration {
        self.age
    }

    /// What its source called this version.
    #[must_use]
    pub fn validators(&self) -> &Validators {
        &self.entry.validators
    }
}

impl<V: Clone> Previous<V> {
    /// The same value for another lifetime, with its tags, validators and weight.
    #[must_use]
    pub fn not_modified(&self) -> Item<V> {
        let mut item = Item::new(self.entry.value.clone());
        item.kind = Kind::NotModified;
        item.tags = self.entry.tags.iter().map(|cell| cell.name().into()).collect();
        item.validators = self.entry.validators.clone();
        item.weight = Some(self.entry.weight);
        item
    }
}
