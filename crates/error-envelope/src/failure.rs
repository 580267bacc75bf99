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
/// What it leaves half changed is dropped afterwards or, in a service that failed to become ready,
/// answers for itself: a service's own state is the service's own affair.
#[inline]
pub(crate) fn catch<T>(stage: Stage, run: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_with(stage, (), |()| run())
}

/// The same with an argument. Argument and value go past `catch_unwind`, which would copy each of
/// them twice, and requests and futures are large.
#[inline]
pub(crate) fn catch_with<A, T>(
    stage: Stage,
    argument: A,
    run: impl FnOnce(A) -> T,
) -> Result<T, Failure> {
    let mut argument = Some(argument);
    let mut value = None;
    let caught = catch_unwind(AssertUnwindSafe(|| value = argument.take().map(run)));
    match (value, caught) {
        (Some(value), _) => Ok(value),
        (None, Err(payload)) => Err(Failure::panic(stage, payload)),
        (None, Ok(())) => Err(Failure::panic(stage, Box::new("no value"))),
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
