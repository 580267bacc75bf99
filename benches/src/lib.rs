//! What the benches share: a clock that does not run while the machine does something else, and
//! keys that are asked for as keys are.

mod cpu_time;
mod zipf;

pub use cpu_time::ThreadCpuTime;
pub use zipf::Zipf;
