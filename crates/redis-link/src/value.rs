use std::str;

use bytes::Bytes;

use crate::ServerError;

/// What Redis replied.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// No value: a missing key, a false condition.
    Nil,
    /// A number.
    Integer(i64),
    /// A string of any bytes.
    Bytes(Bytes),
    /// A status line such as `OK`.
    Status(Bytes),
    /// A floating-point number.
    Double(f64),
    /// A truth value.
    Bool(bool),
    /// A list, or a set in the order of the reply.
    Array(Vec<Value>),
    /// A map in the order of the reply.
    Map(Vec<(Value, Value)>),
    /// An error inside of a list or map; an error as the whole reply is a [`LinkError`].
    ///
    /// [`LinkError`]: crate::LinkError
    Error(ServerError),
}

impl Value {
    /// Tells whether there is no value.
    #[must_use]
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// Tells whether it is the status `OK`.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Status(text) if text.as_ref() == b"OK")
    }

    /// Returns a number, also one in decimal digits.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Bool(truth) => Some(i64::from(*truth)),
            _ => self.as_str()?.parse().ok(),
        }
    }

    /// Returns a floating-point number, also one in decimal digits.
    #[must_use]
    pub fn as_double(&self) -> Option<f64> {
        match self {
            Self::Double(number) => Some(*number),
            _ => self.as_str()?.parse().ok(),
        }
    }

    /// Returns a truth value; the numbers 1 and 0 are true and false.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::Integer(1) => Some(true),
            Self::Integer(0) => Some(false),
            _ => None,
        }
    }

    /// Returns the bytes of a string or a status.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) | Self::Status(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Returns a string or a status that is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        str::from_utf8(self.as_bytes()?).ok()
    }

    /// Returns the elements of a list.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(values) => Some(values),
            _ => None,
        }
    }

    /// Returns the entries of a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the bytes of a string or a status, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Option<Bytes> {
        match self {
            Self::Bytes(bytes) | Self::Status(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Returns the elements of a list.
    #[must_use]
    pub fn into_array(self) -> Option<Vec<Self>> {
        match self {
            Self::Array(values) => Some(values),
            _ => None,
        }
    }

    /// Returns the entries of a map.
    #[must_use]
    pub fn into_map(self) -> Option<Vec<(Self, Self)>> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }
}
