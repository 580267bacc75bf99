use std::error::Error;
use std::fmt;

/// Why bytes are no stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Version,
    Kind,
    Flags,
    Status,
    Time,
    Name,
    Value,
    Text,
    /// Neither is something there nor is it not.
    Mark,
    Spec,
    /// More fields than a section can have.
    TooMany,
    /// The bytes end before the value.
    Short,
    /// The value ends before the bytes.
    Long,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "the version of the layout is another",
            Self::Kind => "the kind is unknown",
            Self::Flags => "a flag is unknown",
            Self::Status => "the status is none",
            Self::Time => "the time cannot be said here",
            Self::Name => "a field name is none",
            Self::Value => "a field value is none",
            Self::Text => "a language is not UTF-8",
            Self::Mark => "a mark is neither 0 nor 1",
            Self::Spec => "a spec has no names, or not in their order",
            Self::TooMany => "a section has too many fields",
            Self::Short => "the bytes end before the value",
            Self::Long => "more bytes follow the value",
        })
    }
}

impl Error for Unreadable {}
