use fred::error::{Error, ErrorKind};

/// Whether there is a connection for commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkState {
    /// The first attempt is under way.
    Connecting,
    /// Commands can be sent.
    Connected,
    /// There is none; attempts go on.
    Disconnected(Outage),
    /// The link was closed.
    Closed,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outage {
    /// It broke, or was given up because nothing came over it.
    Lost,
    /// Nobody listens at the address, or it cannot be resolved.
    Unreachable,
    /// Something listens, but does not answer in time.
    Silent,
    /// Redis refuses the user or password.
    Refused,
    /// TLS failed: a certificate is not trusted, or the other side does not speak it.
    Untrusted,
    /// Redis loads its data, the cluster is down, or no sentinel knows a master.
    Unready,
    /// Anything else; the log has it.
    Other,
}

impl Outage {
    /// The outage as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Unreachable => "unreachable",
            Self::Silent => "silent",
            Self::Refused => "refused",
            Self::Untrusted => "untrusted",
            Self::Unready => "unready",
            Self::Other => "other",
        }
    }

    /// Tells from the client's error why no connection could be made.
    pub(super) fn of(error: &Error) -> Self {
        let code = error.details().split_ascii_whitespace().next().unwrap_or_default();
        match error.kind() {
            ErrorKind::Auth => Self::Refused,
            _ if matches!(code, "NOAUTH" | "NOPERM" | "WRONGPASS") => Self::Refused,
            _ if matches!(code, "LOADING" | "MASTERDOWN" | "BUSY") => Self::Unready,
            // What TLS does not understand or trust ends as an I/O error of this kind.
            ErrorKind::IO if error.details().contains("InvalidData") => Self::Untrusted,
            ErrorKind::IO | ErrorKind::Url => Self::Unreachable,
            ErrorKind::Timeout => Self::Silent,
            ErrorKind::Cluster | ErrorKind::Sentinel => Self::Unready,
            #[cfg(feature = "tls")]
            ErrorKind::Tls => Self::Untrusted,
            _ => Self::Other,
        }
    }
}
