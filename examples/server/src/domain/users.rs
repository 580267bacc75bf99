//! Users: people who log in with a mail address and a password.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::field::line;
use super::passwords::{Password, PasswordError, Passwords};
use super::{AccountId, Email, FieldError, LocationId, Tier, Timestamp, UserId};
use crate::data::{DataError, Database, FromRow, Row, RowError, Statement, Transaction};

static INSERT_LOCATION: Statement = Statement::write(
    "location_insert_own",
    "INSERT INTO locations (id, name, created_at) VALUES ($1, $2, $3)",
);
static INSERT_ACCOUNT: Statement = Statement::write(
    "account_insert",
    "INSERT INTO accounts (id, location_id, tier, created_at) VALUES ($1, $2, $3, $4)",
);
static INSERT: Statement = Statement::write(
    "user_insert",
    "INSERT INTO users (id, account_id, email, name, password_hash, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6)",
);
static FIND_CREDENTIALS: Statement = Statement::read(
    "user_find_credentials",
    "SELECT id, account_id, email, name, password_hash, created_at FROM users WHERE email = $1",
);

/// A user as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Unique.
    pub id: UserId,
    /// The account that the user acts for.
    pub account_id: AccountId,
    /// Unique.
    pub email: Email,
    /// For people.
    pub name: String,
    /// When the user registered.
    pub created_at: Timestamp,
}

/// What the client sends to register.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterInput {
    /// A mail address.
    pub email: String,
    /// 8 to 128 code points.
    pub password: String,
    /// 1 to 120 code points on one line.
    pub name: String,
}

/// What the client sends to log in.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginInput {
    /// A mail address.
    pub email: String,
    /// 8 to 128 code points.
    pub password: String,
}

impl fmt::Debug for RegisterInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterInput").finish_non_exhaustive()
    }
}

impl fmt::Debug for LoginInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginInput").finish_non_exhaustive()
    }
}

/// Somebody who is fit to be registered.
#[derive(Clone, Debug)]
pub struct Registration {
    email: Email,
    password: Password,
    name: String,
}

impl TryFrom<RegisterInput> for Registration {
    type Error = FieldError;

    fn try_from(input: RegisterInput) -> Result<Self, Self::Error> {
        const NAME: FieldError = FieldError::new("name", "1 to 120 characters on one line");
        Ok(Self {
            email: input.email.parse()?,
            password: input.password.parse()?,
            name: line(&input.name, 120, NAME)?,
        })
    }
}

/// Who somebody claims to be, and the proof.
#[derive(Clone, Debug)]
pub struct Credentials {
    email: Email,
    password: Password,
}

impl TryFrom<LoginInput> for Credentials {
    type Error = FieldError;

    fn try_from(input: LoginInput) -> Result<Self, Self::Error> {
        Ok(Self { email: input.email.parse()?, password: input.password.parse()? })
    }
}

impl Credentials {
    /// Who somebody claims to be.
    #[must_use]
    pub const fn email(&self) -> &Email {
        &self.email
    }
}

/// Why nobody was registered or recognised.
#[derive(Debug)]
#[non_exhaustive]
pub enum UserError {
    /// Somebody has registered with this mail address.
    EmailTaken(DataError),
    /// The database.
    Data(DataError),
    /// The password could not be hashed or compared.
    Password(PasswordError),
}

/// Which location a new user's account belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// One that exists, as the demo location.
    At(LocationId),
    /// A new one, named after the user.
    New,
}

/// Registers a user together with a free account.
///
/// # Errors
///
/// [`UserError::EmailTaken`]; else what the database or the hash fails with.
pub async fn register(
    database: &Database,
    passwords: &Passwords,
    registration: Registration,
    home: &Home,
    now: Timestamp,
) -> Result<User, UserError> {
    let Registration { email, password, name } = registration;
    let password_hash = passwords.hash(password).await?;
    let user = User {
        id: UserId::make(now),
        account_id: AccountId::make(now),
        email,
        name,
        created_at: now,
    };
    let mut transaction = database.begin().await?;
    let inserted = insert(&mut transaction, &user, home, &password_hash).await;
    transaction.finish(inserted).await.map_err(|error| {
        if error.conflicting_constraint() == Some("users_email_key") {
            UserError::EmailTaken(error)
        } else {
            UserError::Data(error)
        }
    })?;
    Ok(user)
}

async fn insert(
    transaction: &mut Transaction,
    user: &User,
    home: &Home,
    password_hash: &str,
) -> Result<(), DataError> {
    let location = match home {
        Home::At(location) => location.clone(),
        Home::New => {
            let location = LocationId::make(user.created_at);
            let values =
                [location.as_str().into(), user.name.as_str().into(), user.created_at.into()];
            transaction.execute(&INSERT_LOCATION, &values).await?;
            location
        }
    };
    let account = [
        user.account_id.as_str().into(),
        location.as_str().into(),
        Tier::Free.as_str().into(),
        user.created_at.into(),
    ];
    transaction.execute(&INSERT_ACCOUNT, &account).await?;
    let values = [
        user.id.as_str().into(),
        user.account_id.as_str().into(),
        user.email.as_str().into(),
        user.name.as_str().into(),
        password_hash.into(),
        user.created_at.into(),
    ];
    transaction.execute(&INSERT, &values).await?;
    Ok(())
}

/// Finds the user whom the credentials belong to; it takes as long when there is none.
///
/// # Errors
///
/// What the database or the comparison fails with.
pub async fn verify(
    database: &Database,
    passwords: &Passwords,
    credentials: Credentials,
) -> Result<Option<User>, UserError> {
    let email = credentials.email.as_str().into();
    let found: Option<Stored> = database.fetch_optional(&FIND_CREDENTIALS, &[email]).await?;
    let (user, hash) = found.map(|stored| (stored.user, stored.password_hash)).unzip();
    let proven = passwords.verify(credentials.password, hash).await?;
    Ok(user.filter(|_| proven))
}

struct Stored {
    user: User,
    password_hash: String,
}

impl FromRow for Stored {
    fn from_row(row: &Row<'_>) -> Result<Self, RowError> {
        let user = User {
            id: row.parse("id")?,
            account_id: row.parse("account_id")?,
            email: row.parse("email")?,
            name: row.get("name")?,
            created_at: row.timestamp("created_at")?,
        };
        Ok(Self { user, password_hash: row.get("password_hash")? })
    }
}

impl From<DataError> for UserError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl From<PasswordError> for UserError {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmailTaken(_) => "the mail address is taken",
            Self::Data(_) => "the user's data cannot be read or written",
            Self::Password(_) => "the password cannot be hashed or compared",
        })
    }
}

impl Error for UserError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::EmailTaken(source) | Self::Data(source) => Some(source),
            Self::Password(source) => Some(source),
        }
    }
}
