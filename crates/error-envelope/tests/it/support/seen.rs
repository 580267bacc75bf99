use std::sync::{Arc, Mutex};

use bartizan_error_envelope::{Answered, Observer, Origin, Panicked, Stage};

/// An observer that keeps every event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Events>>);

#[derive(Debug, Default)]
struct Events {
    answered: Vec<(u16, &'static str, Origin)>,
    panicked: Vec<Stage>,
}

impl Seen {
    /// The answers: status, code and origin.
    pub(crate) fn answered(&self) -> Vec<(u16, &'static str, Origin)> {
        self.0.lock().unwrap().answered.clone()
    }

    /// Where the panics were caught.
    pub(crate) fn panicked(&self) -> Vec<Stage> {
        self.0.lock().unwrap().panicked.clone()
    }
}

impl Observer for Seen {
    fn answered(&self, event: &Answered) {
        let event = (event.status.as_u16(), event.code.as_str(), event.origin);
        self.0.lock().unwrap().answered.push(event);
    }

    fn panicked(&self, event: &Panicked) {
        self.0.lock().unwrap().panicked.push(event.stage);
    }
}
