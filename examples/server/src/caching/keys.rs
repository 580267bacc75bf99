use std::fmt::Write;

use bartizan_cache::{KeyOf, KeyPart, KeyParts, Part, Parts};

use crate::domain::accounts::ApiKeyHash;
use crate::domain::{AccountId, Limit, LocationId, Tier, WorkflowId};

macro_rules! text {
    ($($id:ty),*) => {$(
        impl KeyPart for $id {
            fn write(&self, part: &mut Part<'_>) {
                part.push_str(self.as_str());
            }
        }
    )*};
}

text!(AccountId, LocationId, Tier, WorkflowId);

impl KeyPart for Limit {
    fn write(&self, part: &mut Part<'_>) {
        KeyPart::write(&self.get(), part);
    }
}

/// Only the hash: a key itself is kept nowhere.
impl KeyPart for ApiKeyHash {
    fn write(&self, part: &mut Part<'_>) {
        for byte in self.as_bytes() {
            // A part takes all that it is given.
            let _ = write!(part, "{byte:02x}");
        }
    }
}

/// What opens an account: `key:{hash}` or `account:{id}`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential<'a> {
    /// An API key.
    Key(&'a ApiKeyHash),
    /// A session, which names the account.
    Account(&'a AccountId),
}

impl KeyParts for Credential<'_> {
    fn write(&self, parts: &mut Parts<'_>) {
        match self {
            Self::Key(hash) => {
                parts.part("key");
                parts.part(*hash);
            }
            Self::Account(id) => {
                parts.part("account");
                parts.part(*id);
            }
        }
    }
}

impl KeyOf<Credential<'static>> for Credential<'_> {}
