//! What every store and every backplane promises, of the one for tests: in virtual time, on
//! many threads, and in a wrapper that lets nothing go wrong.

use bartizan_cache::SystemClock;
use bartizan_cache::test_util::{Chaos, ChaosControl, LocalStore, TokioClock};

#[macro_use]
#[path = "../conformance/mod.rs"]
mod suite;

use suite::{Instance, World};

struct InProcess(LocalStore);

impl World for InProcess {
    const IS_PAUSED: bool = true;

    async fn new() -> Self {
        Self(LocalStore::new(TokioClock::new()))
    }

    async fn instance(&self) -> Instance {
        Instance::new(self.0.handle())
    }

    async fn flush(&self) {
        self.0.flush();
    }
}

promises!(in_process: InProcess, #[tokio::test(start_paused = true)]);

struct OnThreads(LocalStore);

impl World for OnThreads {
    async fn new() -> Self {
        Self(LocalStore::new(SystemClock::new()))
    }

    async fn instance(&self) -> Instance {
        Instance::new(self.0.handle())
    }

    async fn flush(&self) {
        self.0.flush();
    }
}

promises!(on_threads: OnThreads, #[tokio::test(flavor = "multi_thread")]);

struct WithoutFaults(LocalStore);

impl World for WithoutFaults {
    const IS_PAUSED: bool = true;

    async fn new() -> Self {
        Self(LocalStore::new(TokioClock::new()))
    }

    async fn instance(&self) -> Instance {
        Instance::new(Chaos::new(self.0.handle(), &ChaosControl::new()))
    }

    async fn flush(&self) {
        self.0.flush();
    }
}

promises!(without_faults: WithoutFaults, #[tokio::test(start_paused = true)]);
