//! What the API answers, whatever the database.

pub(super) mod analyses;
pub(super) mod leads;
pub(super) mod limits;
pub(super) mod prefixes;
pub(super) mod production;
pub(super) mod tenancy;
pub(super) mod users;
pub(super) mod workflows;

use serde_json::{Map, Value};

/// The members of an object, for a comparison of shapes.
fn members(object: &Value) -> Vec<&str> {
    object.as_object().map(Map::keys).unwrap().map(String::as_str).collect()
}
