//! Passwords: argon2 away from the request threads, with a bound on its memory.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use tokio::sync::{AcquireError, Semaphore};
use tokio::task::{JoinError, spawn_blocking};

use super::FieldError;
use crate::data::BoxError;

/// The hash of a random text nobody kept, with the parameters of [`Argon2::default`]: comparing
/// with it costs what comparing with a user's costs.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$7d5ZNQfDYxU4Vu8lb1MOnA$\
                      3JX4nJ0KPjoTl/aO9josh5dqWZnaXNS5MlfZfouDCO8";

/// A password as somebody typed it, 8 to 128 code points; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl FromStr for Password {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if (8..=128).contains(&text.chars().count()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FieldError::new("password", "8 to 128 characters"))
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Hashes and compares passwords, no more at once than there are cores: each takes 19 MiB.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self { permits: Arc::new(Semaphore::new(cores)) }
    }
}

impl Passwords {
    /// Makes the text to store: argon2id with a random salt, as a PHC string.
    ///
    /// # Errors
    ///
    /// When the machine has no random numbers or no memory.
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        self.work(move || {
            let hash: PasswordHash = Argon2::default().hash_password(password.0.as_bytes())?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Tells whether the password belongs to the stored text; without one it works as long and
    /// says no, so the time of an answer does not tell who is registered.
    ///
    /// # Errors
    ///
    /// When the stored text is no PHC string.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        self.work(move || {
            let known = stored.is_some();
            let hash = PasswordHash::new(stored.as_deref().unwrap_or(NOBODY))?;
            match Argon2::default().verify_password(password.0.as_bytes(), &hash) {
                Ok(()) => Ok(known),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await?;
        spawn_blocking(move || {
            // The permit goes along: a caller who gives up does not free the memory.
            let _permit = permit;
            work()
        })
        .await?
    }
}

/// A password could not be hashed or compared.
#[derive(Debug)]
pub struct PasswordError(BoxError);

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("argon2 did not finish")
    }
}

impl std::error::Error for PasswordError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

impl From<password_hash::Error> for PasswordError {
    fn from(error: password_hash::Error) -> Self {
        Self(error.into())
    }
}

impl From<password_hash::phc::Error> for PasswordError {
    fn from(error: password_hash::phc::Error) -> Self {
        Self(error.into())
    }
}

impl From<JoinError> for PasswordError {
    fn from(error: JoinError) -> Self {
        Self(error.into())
    }
}

impl From<AcquireError> for PasswordError {
    fn from(error: AcquireError) -> Self {
        Self(error.into())
    }
}
