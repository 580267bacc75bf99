//! Test support that the crates of the workspace share.
//!
//! - [`Strict`] and [`strict_fn`]: an inner service that panics when a layer calls it without
//!   having found it ready.
//! - [`Controlled`] and [`Control`]: an inner service whose readiness and answers the test gives
//!   by hand, and which knows what was completed and what was cancelled.
//! - [`Scripted`] and [`Watch`]: a body played from a list of steps; [`read`] collects any body.
//! - [`Postgres`], [`Redis`] and [`RedisCluster`]: private servers that a test starts, kills,
//!   pauses and restarts.
//!
//! Whatever goes wrong in here panics with a sentence that says what to do: no test is skipped
//! because something is not installed.
//!
//! ```
//! use bartizan_probe::strict_fn;
//! use http::{Request, Response};
//! use tower::ServiceExt;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! let service = strict_fn(|request: Request<String>| async move {
//!     Ok::<_, std::convert::Infallible>(Response::new(request.into_body()))
//! });
//! let response = service.oneshot(Request::new("echo".to_owned())).await?;
//! assert_eq!(response.into_body(), "echo");
//! # Ok::<_, std::convert::Infallible>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

#![expect(clippy::expect_used, clippy::panic, reason = "test support fails by panicking")]

mod body;
mod process;
mod service;

pub use body::{Scripted, ScriptedError, Step, Watch, read};
pub use process::{Postgres, Redis, RedisCluster, free_port};
pub use service::{Call, Control, Controlled, ResponseFuture, Strict, strict_fn};
