//! Layers of this server, and those from libraries as they are set up for it.

pub(crate) mod access_log;
pub(crate) mod authentication;
pub(crate) mod cold;
pub(crate) mod compression;
pub(crate) mod cors;
pub(crate) mod csrf;
pub(crate) mod identity;
pub(crate) mod response_cache;
pub(crate) mod security_headers;
pub(crate) mod sessions;
