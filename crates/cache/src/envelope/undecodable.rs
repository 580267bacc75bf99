use std::error::Error;
use std::fmt;

/// Why bytes from the store are not the entry that was asked for, in a closed set: safe as a metric
/// label. Such an entry counts as a miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Undecodable {
    /// They are shorter than any entry.
    Truncated,
    /// They do not begin as entries do: something else wrote them.
    Magic,
    /// Their layout is of a version that is not known here.
    Version,
    /// They are damaged, or were written under another key.
    Checksum,
    /// They are not signed where a key is configured, signed where none is, or not signed with
    /// one of the keys; or they were changed, or signed for another key of the cache.
    Signature,
    /// Another codec wrote the value.
    Format,
    /// The value is of another schema.
    Schema,
    /// What stands before the value, or how long it should be, makes no sense.
    Header,
    /// The value cannot be decompressed here, or not to what it should be.
    Compression,
    /// The codec could not read the value.
    Value,
}

impl Undecodable {
    /// The reason as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Magic => "magic",
            Self::Version => "version",
            Self::Checksum => "checksum",
            Self::Signature => "signature",
            Self::Format => "format",
            Self::Schema => "schema",
            Self::Header => "header",
            Self::Compression => "compression",
            Self::Value => "value",
        }
    }
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the stored entry is cut off",
            Self::Magic => "the stored bytes are no entry",
            Self::Version => "the stored entry is of an unknown version",
            Self::Checksum => "the stored entry is damaged, or of another key",
            Self::Signature => "the stored entry is not signed as it should be",
            Self::Format => "the stored entry is in the format of another codec",
            Self::Schema => "the stored entry is of another schema",
            Self::Header => "the stored entry has no valid header",
            Self::Compression => "the stored entry cannot be decompressed",
            Self::Value => "the stored entry has a value that its codec cannot read",
        })
    }
}

impl Error for Undecodable {}
