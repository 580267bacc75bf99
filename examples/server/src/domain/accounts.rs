//! Accounts: who pays for a location, and the keys that speak for them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AccountId, FieldError, LocationId, Tier};
use crate::data::{DataError, Database, FromRow, Row, RowError, Statement};

static FIND: Statement =
    Statement::read("account_find", "SELECT id, location_id, tier FROM accounts WHERE id = $1");
static OF_LOCATION: Statement = Statement::read(
    "accounts_of_location",
    "SELECT id, location_id, tier FROM accounts WHERE location_id = $1 ORDER BY id LIMIT 100",
);
static BY_API_KEY: Statement = Statement::read(
    "account_by_api_key",
    "SELECT accounts.id, accounts.location_id, accounts.tier FROM accounts \
     JOIN api_keys ON api_keys.account_id = accounts.id WHERE api_keys.key_hash = $1",
);

/// An account belongs to one location and has one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Unique.
    pub id: AccountId,
    /// The location whose data it sees.
    pub location_id: LocationId,
    /// What it has subscribed to.
    pub tier: Tier,
}

/// A key as the client sends it; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Cow<'static, str>);

impl ApiKey {
    /// A key that is written in the program, and well-formed there.
    pub(crate) const fn constant(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The key itself, for the one who is to use it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> ApiKeyHash {
        ApiKeyHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl FromStr for ApiKey {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(FieldError::new("X-API-Key", "1 to 128 visible ASCII characters"))
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// The SHA-256 of an API key: keys are random, so a slow hash would protect nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiKeyHash([u8; 32]);

impl ApiKeyHash {
    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Finds an account by its id.
///
/// # Errors
///
/// See [`DataError`].
pub async fn find(database: &Database, id: &AccountId) -> Result<Option<Account>, DataError> {
    database.fetch_optional(&FIND, &[id.as_str().into()]).await
}

/// Lists the accounts of a location by id: the first hundred of them.
///
/// # Errors
///
/// See [`DataError`].
pub async fn of_location(
    database: &Database,
    location: &LocationId,
) -> Result<Vec<Account>, DataError> {
    database.fetch_all(&OF_LOCATION, &[location.as_str().into()]).await
}

/// Finds the account that a key speaks for.
///
/// # Errors
///
/// See [`DataError`].
pub async fn by_api_key(
    database: &Database,
    hash: &ApiKeyHash,
) -> Result<Option<Account>, DataError> {
    database.fetch_optional(&BY_API_KEY, &[hash.as_bytes().into()]).await
}

impl FromRow for Account {
    fn from_row(row: &Row<'_>) -> Result<Self, RowError> {
        Ok(Self {
            id: row.parse("id")?,
            location_id: row.parse("location_id")?,
            tier: row.parse("tier")?,
        })
    }
}
