use bytes::Bytes;

/// One argument of a command: any bytes.
///
/// Made from `Bytes`, `Vec<u8>` and `String` without a copy, from borrowed strings and slices with
/// one, and from integers in decimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Arg(pub(crate) Bytes);

impl Arg {
    /// Returns the bytes that are sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Makes an argument of a static string without copying it.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }
}

impl From<Bytes> for Arg {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<&Bytes> for Arg {
    fn from(bytes: &Bytes) -> Self {
        Self(bytes.clone())
    }
}

impl From<&Arg> for Arg {
    fn from(arg: &Arg) -> Self {
        arg.clone()
    }
}

impl From<Vec<u8>> for Arg {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<&[u8]> for Arg {
    fn from(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

impl<const N: usize> From<&[u8; N]> for Arg {
    fn from(bytes: &[u8; N]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

macro_rules! decimal {
    ($($integer:ty)+) => {$(
        impl From<$integer> for Arg {
            fn from(number: $integer) -> Self {
                number.to_string().into()
            }
        }
    )+};
}

decimal!(i32 i64 u8 u16 u32 u64 usize);
