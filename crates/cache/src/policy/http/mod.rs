//! What a shared cache may do with responses (RFC 9111): functions of values and a `now`.

mod conditional;
mod date;
mod delta;
mod directives;
mod entity_tag;
mod freshness;
mod invalidation;
mod range;
mod reuse;
mod rules;
mod status;
mod storing;
mod targeted;
#[cfg(test)]
mod tests;
mod update;
mod vary;

pub(crate) use conditional::{add_validators, is_modified_for, not_modified, only, selects};
pub(crate) use date::{parse_date, render_date};
pub(crate) use delta::{parse_age, parse_delta};
pub(crate) use directives::{Qualified, RequestDirectives, ResponseDirectives};
pub(crate) use entity_tag::EntityTag;
pub(crate) use freshness::{Exchange, Lifetime, initial_age, lifetime};
pub(crate) use invalidation::{invalidates, is_unsafe, targets};
pub(crate) use range::{Ranges, content_range, is_range_current, multipart, resolve};
pub(crate) use reuse::{Reuse, may_serve_on_error, reuse};
pub(crate) use rules::{Heuristics, Rules};
pub use status::Forward;
pub(crate) use status::{Report, append, render};
pub(crate) use storing::{Asked, NotStorable, Terms, storing};
pub(crate) use update::{freshen, is_hop_by_hop, strip};
pub(crate) use vary::{Normalise, Spec, Vary, content_language, preferred_language, selecting};
