use std::panic::resume_unwind;

use tracing::Instrument;

use super::Failure;

/// Does this in a task of its own, to its end: a client that leaves stops nothing half-way.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down.
            Err(error) => Err(Failure::Unavailable(error.into())),
        },
    }
}
