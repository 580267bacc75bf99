use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::observe::{Origin, Stage};

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// Why the inner service gave no response.
#[derive(Debug)]
pub(crate) enum Failure {
    Error(BoxError),
    Readiness(BoxError),
    Panic { stage: Stage, message: String },
}

impl Failure {
    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::Error(_) => Origin::Error,
            Self::Readiness(_) => Origin::Readiness,
            Self::Panic { .. } => Origin::Panic,
        }
    }

    fn panic(stage: Stage, payload: Box<dyn Any + Send>) -> Self {
        Self::Panic { stage, message: message_of(payload) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) | Self::Readiness(error) => error.fmt(f),
            Self::Panic { stage, message } => {
                write!(f, "panicked in {}: {message}", stage.as_str())
            }
        }
    }
}

/// Runs code of the inner service, or of the user, and catches its panic.
///
/// The state it touched is dropped afterwards or answers an error for ever, so nobody sees it
/// half changed.
#[inline]
pub(crate) fn catch<T>(stage: Stage, run: impl FnOnce() -> T) -> Result<T, Failure> {
    // The value goes past `catch_unwind`, which would copy it twice; futures are large.
    let mut value = None;
    match catch_unwind(AssertUnwindSafe(|| value = Some(run()))) {
        Ok(()) => value.ok_or_else(|| Failure::panic(stage, Box::new("no value"))),
        Err(payload) => Err(Failure::panic(stage, payload)),
    }
}

/// Reads the words of a panic and drops its payload, whose own drop may panic as well.
#[cold]
fn message_of(payload: Box<dyn Any + Send>) -> String {
    let message = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not text".to_owned());
    discard(payload);
    message
}

/// Drops a value whose drop may panic. A second panic value is leaked: dropping it could go on
/// for ever.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        std::mem::forget(payload);
    }
}
