//! What a log line looks like.

use std::io;
use std::sync::{Arc, Mutex};

use bartizan_server::config::LogFilter;
use bartizan_server::telemetry::{Format, subscriber};
use serde_json::Value;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(format: Format, level: &str, log: impl FnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let filter = level.parse::<LogFilter>().unwrap().to_targets();
    tracing::subscriber::with_default(subscriber(format, filter, move || writer.clone()), log);
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn production_lines_are_json_objects_with_the_fields_at_the_top() {
    let lines = logged(Format::Json, "info", || {
        let _span = tracing::info_span!("request", request_id = "r-1").entered();
        tracing::info!(target: "bartizan::cache", entries = 3, "evicted");
    });
    let line: Value = serde_json::from_str(lines.trim_end()).unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["target"], "bartizan::cache");
    assert_eq!(line["message"], "evicted");
    assert_eq!(line["entries"], 3);
    assert_eq!(line["span"]["request_id"], "r-1");
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn readable_lines_have_no_escapes_unless_asked_for() {
    let log = || tracing::warn!(attempt = 2, "retrying");
    let plain = logged(Format::Plain, "info", log);
    assert!(plain.contains("WARN") && plain.contains("retrying attempt=2"), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert!(logged(Format::Coloured, "info", log).contains('\u{1b}'));
}

#[test]
fn a_target_has_its_own_level() {
    let lines = logged(Format::Plain, "warn,bartizan::cache=debug", || {
        tracing::info!(target: "bartizan::server", "one");
        tracing::debug!(target: "bartizan::cache", "two");
        tracing::trace!(target: "bartizan::cache", "three");
    });
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.contains("two"), "{lines}");
}
