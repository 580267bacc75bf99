use std::collections::{HashMap, HashSet};

/// The number of a subscription.
pub(super) type Id = u64;

/// What subscriptions ask of the task.
#[derive(Debug)]
pub(super) enum Request {
    Begin(Id, Vec<String>),
    End(Id),
}

/// Who listens to which channels.
#[derive(Debug, Default)]
pub(super) struct Registry {
    subscriptions: HashMap<Id, Vec<String>>,
    listeners: HashMap<String, usize>,
}

/// What to tell Redis after a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Todo {
    /// Subscribe to these, which may be none, and then tell this subscription.
    Subscribe(Id, Vec<String>),
    Unsubscribe(Vec<String>),
}

impl Registry {
    pub(super) fn apply(&mut self, request: Request) -> Todo {
        match request {
            Request::Begin(id, channels) => {
                let mut new = Vec::new();
                // A channel that is named twice counts once, since it is also left only once.
                let distinct: HashSet<_> = channels.into_iter().collect();
                for channel in &distinct {
                    let listeners = self.listeners.entry(channel.clone()).or_default();
                    *listeners += 1;
                    if *listeners == 1 {
                        new.push(channel.clone());
                    }
                }
                self.subscriptions.insert(id, distinct.into_iter().collect());
                Todo::Subscribe(id, new)
            }
            Request::End(id) => {
                let channels = self.subscriptions.remove(&id).unwrap_or_default();
                Todo::Unsubscribe(channels.into_iter().filter(|it| self.leave(it)).collect())
            }
        }
    }

    /// Returns every channel somebody listens to.
    pub(super) fn channels(&self) -> Vec<String> {
        self.listeners.keys().cloned().collect()
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
}
