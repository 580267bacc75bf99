//! Promises of the RFCs, by section.

mod conditional;
mod date;
mod delta;
mod directives;
mod entity_tag;
mod freshness;
mod invalidation;
mod oracle;
mod range;
mod reuse;
mod selecting;
mod status;
mod storing;
mod targeted;
mod update;
mod vary;
