//! Locations: the tenants.

use serde::{Deserialize, Serialize};

use super::LocationId;
use crate::data::{DataError, Database, FromRow, Row, RowError, Statement};

static FIND: Statement =
    Statement::read("location_find", "SELECT id, name FROM locations WHERE id = $1");

/// A location whose data belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Unique.
    pub id: LocationId,
    /// For people.
    pub name: String,
}

/// Finds a location by its id.
///
/// # Errors
///
/// See [`DataError`].
pub async fn find(database: &Database, id: &LocationId) -> Result<Option<Location>, DataError> {
    database.fetch_optional(&FIND, &[id.as_str().into()]).await
}

impl FromRow for Location {
    fn from_row(row: &Row<'_>) -> Result<Self, RowError> {
        Ok(Self { id: row.parse("id")?, name: row.get("name")? })
    }
}
