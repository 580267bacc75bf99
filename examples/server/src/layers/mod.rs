//! Layers from libraries, set up for this server.

pub(crate) mod access_log;
pub(crate) mod compression;
pub(crate) mod cors;
pub(crate) mod csrf;
pub(crate) mod response_cache;
pub(crate) mod security_headers;
pub(crate) mod sessions;
