use std::time::Duration;

/// What a response tells of limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    pub(super) policies: Vec<PolicyStatus>,
    pub(super) retry_after: Option<Duration>,
    pub(super) tier: Option<String>,
}

impl RateLimits {
    /// Each policy and how the client stands against it.
    #[must_use]
    pub fn policies(&self) -> &[PolicyStatus] {
        &self.policies
    }

    /// How long to wait before the next request. Goes before any policy's reset.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The subscription tier of the client.
    #[must_use]
    pub fn tier(&self) -> Option<&str> {
        self.tier.as_deref()
    }
}

/// One policy and how the client stands against it, as far as the response tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyStatus {
    pub(super) name: Option<String>,
    pub(super) quota: Option<u64>,
    pub(super) unit: Option<String>,
    pub(super) window: Option<Duration>,
    pub(super) remaining: Option<u64>,
    pub(super) reset_after: Option<Duration>,
    pub(super) partition_key: Option<Vec<u8>>,
}

impl PolicyStatus {
    /// The name of the policy.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// How many are allowed in a window.
    #[must_use]
    pub const fn quota(&self) -> Option<u64> {
        self.quota
    }

    /// What is counted; requests, unless said otherwise.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The window.
    #[must_use]
    pub const fn window(&self) -> Option<Duration> {
        self.window
    }

    /// How many are left.
    #[must_use]
    pub const fn remaining(&self) -> Option<u64> {
        self.remaining
    }

    /// How long until there are more.
    #[must_use]
    pub const fn reset_after(&self) -> Option<Duration> {
        self.reset_after
    }

    /// Which share of the server's capacity this is, where it tells them apart.
    #[must_use]
    pub fn partition_key(&self) -> Option<&[u8]> {
        self.partition_key.as_deref()
    }
}
