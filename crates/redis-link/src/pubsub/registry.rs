use std::collections::{HashMap, HashSet};
use std::mem;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The number of a subscription; they grow.
pub(super) type Id = u64;

/// Who listens to which channels, known to all subscriptions and to the task that tells Redis.
///
/// A subscription that ends before Redis heard of it leaves nothing behind, however long Redis is
/// away: a queue of requests would grow meanwhile.
#[derive(Debug, Default)]
pub(super) struct Registry {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    subscriptions: HashMap<Id, Vec<String>>,
    listeners: HashMap<String, usize>,
    changes: Changes,
}

/// What Redis is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Channels that have a first listener.
    pub(super) joined: HashSet<String>,
    /// Channels that lost their last listener.
    pub(super) left: HashSet<String>,
    /// Subscriptions that are to hear that they stand; some may have ended.
    pub(super) begun: Range<Id>,
}

impl Registry {
    /// Notes a subscription.
    pub(super) fn begin(&self, channels: &[String]) -> Id {
        let id = self.lock().begin(channels);
        self.changed.notify_one();
        id
    }

    /// Notes that a subscription ended.
    pub(super) fn end(&self, id: Id) {
        self.lock().end(id);
        self.changed.notify_one();
    }

    /// Waits until there are changes, and takes them. Cancelling it loses nothing.
    pub(super) async fn changes(&self) -> Changes {
        loop {
            let changes = self.lock().take();
            if !changes.is_empty() {
                return changes;
            }
            self.changed.notified().await;
        }
    }

    /// Takes what a new connection is to be told: every channel, for every subscription.
    pub(super) fn all(&self) -> (Vec<String>, Range<Id>) {
        let mut inner = self.lock();
        let changes = inner.take();
        (inner.listeners.keys().cloned().collect(), 0..changes.begun.end)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn begin(&mut self, channels: &[String]) -> Id {
        let id = self.changes.begun.end;
        self.changes.begun.end += 1;
        // A channel that is named twice counts once, since it is also left only once.
        let distinct: HashSet<_> = channels.iter().cloned().collect();
        for channel in &distinct {
            let listeners = self.listeners.entry(channel.clone()).or_default();
            *listeners += 1;
            if *listeners == 1 && !self.changes.left.remove(channel) {
                self.changes.joined.insert(channel.clone());
            }
        }
        self.subscriptions.insert(id, distinct.into_iter().collect());
        id
    }

    fn end(&mut self, id: Id) {
        for channel in self.subscriptions.remove(&id).unwrap_or_default() {
            if self.leave(&channel) && !self.changes.joined.remove(&channel) {
                self.changes.left.insert(channel);
            }
        }
    }

    /// Takes one listener from a channel; tells whether it was the last.
    fn leave(&mut self, channel: &str) -> bool {
        match self.listeners.get_mut(channel) {
            Some(listeners) if *listeners > 1 => {
                *listeners -= 1;
                false
            }
            _ => self.listeners.remove(channel).is_some(),
        }
    }

    fn take(&mut self) -> Changes {
        let next = self.changes.begun.end;
        mem::replace(&mut self.changes, Changes { begun: next..next, ..Changes::default() })
    }
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.left.is_empty() && self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
        names.map(str::to_owned).into()
    }

    fn set<const N: usize>(names: [&str; N]) -> HashSet<String> {
        names.map(str::to_owned).into()
    }

    #[test]
    fn what_comes_and_goes_before_redis_is_told_leaves_nothing() {
        let registry = Registry::default();
        let stays = registry.begin(&names(["a", "a"]));
        assert_eq!(registry.all(), (names(["a"]), 0..1));
        for number in 0..100_000 {
            let id = registry.begin(&[format!("channel:{number}"), "a".to_owned()]);
            registry.end(id);
        }
        let inner = registry.lock();
        assert_eq!(inner.subscriptions, [(stays, names(["a"]))].into());
        assert_eq!(inner.listeners, [("a".to_owned(), 1)].into());
        assert_eq!(inner.changes, Changes { begun: 1..100_001, ..Changes::default() });
        let room = inner.subscriptions.capacity() + inner.listeners.capacity();
        assert!(room < 100, "{room}");
    }

    #[tokio::test]
    async fn the_first_and_the_last_listener_are_changes() {
        let registry = Registry::default();
        let one = registry.begin(&names(["a", "b"]));
        let two = registry.begin(&names(["b"]));
        let joined = set(["a", "b"]);
        let begun = Changes { joined, left: set([]), begun: 0..2 };
        assert_eq!(registry.changes().await, begun);
        registry.end(one);
        let left = Changes { joined: set([]), left: set(["a"]), begun: 2..2 };
        assert_eq!(registry.changes().await, left);
        // Left and joined anew before Redis heard of it.
        registry.end(two);
        registry.begin(&names(["b"]));
        let again = Changes { joined: set([]), left: set([]), begun: 2..3 };
        assert_eq!(registry.changes().await, again);
    }
}
