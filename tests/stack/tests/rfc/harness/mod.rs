//! What plays the cases: an origin that answers as a case says, a client, and the checks.

mod answer;
mod case;
mod check;
mod client;
mod known;
mod moment;
mod origin;
mod play;
mod score;
mod step;
mod wire;

pub(crate) use answer::{Answer, answer, not_modified, ok};
pub(crate) use case::{Case, Demand, case, ignored, reused};
pub(crate) use known::{KNOWN_RFC, KNOWN_SECURE, Known};
pub(crate) use origin::Origin;
pub(crate) use play::play;
pub(crate) use score::Score;
pub(crate) use step::{Step, get, head, request};
