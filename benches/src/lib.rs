//! What the benches share: a clock that does not run while the machine does something else.

mod cpu_time;

pub use cpu_time::ThreadCpuTime;
