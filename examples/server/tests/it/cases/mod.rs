//! What holds whatever the database.

pub(crate) mod accounts;
pub(crate) mod history;
pub(crate) mod leads;
pub(crate) mod schema;
pub(crate) mod seeding;
pub(crate) mod sessions;
pub(crate) mod tenancy;
pub(crate) mod transactions;
pub(crate) mod users;
