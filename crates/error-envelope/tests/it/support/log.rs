use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, registry};

/// What the envelope has logged on this thread. Every test runs on a thread of its own.
pub(crate) struct Log;

/// One entry of the log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    fields: BTreeMap<&'static str, String>,
}

thread_local! {
    static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

impl Log {
    /// Starts with an empty log.
    ///
    /// One subscriber serves the whole process: a subscriber per thread would race for the
    /// interest that `tracing` caches per call site.
    pub(crate) fn start() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| registry().with(Recorder).init());
        LINES.with_borrow_mut(Vec::clear);
        Self
    }

    /// Gives what was logged since it was last asked.
    #[expect(clippy::unused_self, reason = "nobody reads a log that was not started")]
    pub(crate) fn take(&self) -> Vec<Line> {
        LINES.with_borrow_mut(std::mem::take)
    }

    /// Gives the only entry since it was last asked.
    pub(crate) fn only(&self) -> Line {
        let lines = self.take();
        let [line] = &lines[..] else { panic!("not one entry: {lines:?}") };
        line.clone()
    }
}

impl Line {
    /// A field's text, empty without the field; `message` is one.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

struct Recorder;

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "bartizan::error_envelope" {
            let mut line = Line { level: *event.metadata().level(), fields: BTreeMap::new() };
            event.record(&mut line);
            LINES.with_borrow_mut(|lines| lines.push(line));
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").unwrap();
        self.fields.insert(field.name(), text);
    }
}
