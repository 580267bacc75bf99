//! Cookie sessions: in Redis when it is given, else in the table.

mod shared;
mod table;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::Result;

pub use shared::{SharedSessionStore, StoredSession};
pub use table::SqlSessionStore;

/// Where sessions are kept.
#[derive(Clone, Debug)]
pub(crate) enum Sessions {
    /// In the table.
    Table(SqlSessionStore),
    /// In Redis, for all instances.
    Shared(SharedSessionStore),
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        match self {
            Self::Table(store) => store.create(record).await,
            Self::Shared(store) => store.create(record).await,
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        match self {
            Self::Table(store) => store.save(record).await,
            Self::Shared(store) => store.save(record).await,
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        match self {
            Self::Table(store) => store.load(id).await,
            Self::Shared(store) => store.load(id).await,
        }
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        match self {
            Self::Table(store) => store.delete(id).await,
            Self::Shared(store) => store.delete(id).await,
        }
    }
}

/// What is stored of an id: whoever reads the store can take over no session.
fn hash(id: &Id) -> [u8; 32] {
    Sha256::digest(id.0.to_le_bytes()).into()
}
