use bytes::Bytes;

use super::{Codec, CodecError};

/// Bytes as they are: for [`Bytes`], `Vec<u8>`, and `String` in UTF-8. What one of them wrote, the
/// others may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Raw;

const FORMAT: u8 = 2;

impl Codec<Bytes> for Raw {
    const FORMAT: u8 = FORMAT;

    fn encode(&self, value: &Bytes, into: &mut Vec<u8>) -> Result<(), CodecError> {
        into.extend_from_slice(value);
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Bytes, CodecError> {
        Ok(Bytes::copy_from_slice(bytes))
    }
}

impl Codec<Vec<u8>> for Raw {
    const FORMAT: u8 = FORMAT;

    fn encode(&self, value: &Vec<u8>, into: &mut Vec<u8>) -> Result<(), CodecError> {
        into.extend_from_slice(value);
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
        Ok(bytes.to_vec())
    }
}

impl Codec<String> for Raw {
    const FORMAT: u8 = FORMAT;

    fn encode(&self, value: &String, into: &mut Vec<u8>) -> Result<(), CodecError> {
        into.extend_from_slice(value.as_bytes());
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<String, CodecError> {
        str::from_utf8(bytes).map(str::to_owned).map_err(CodecError::new)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::str::Utf8Error;

    use super::*;

    #[test]
    fn appends_bytes_as_they_are_and_reads_them_back() {
        let mut bytes = b"<".to_vec();
        Raw.encode(&Bytes::from_static(b"\xff\0"), &mut bytes).unwrap();
        Raw.encode(&b"\xfe\x01".to_vec(), &mut bytes).unwrap();
        Raw.encode(&"\u{e9}".to_owned(), &mut bytes).unwrap();
        assert_eq!(bytes, b"<\xff\0\xfe\x01\xc3\xa9");
        assert_eq!(Codec::<Bytes>::decode(&Raw, &bytes).unwrap(), bytes);
        assert_eq!(Codec::<Vec<u8>>::decode(&Raw, &bytes).unwrap(), bytes);
        assert_eq!(Codec::<String>::decode(&Raw, b"\xc3\xa9").unwrap(), "\u{e9}");
    }

    #[test]
    fn nothing_is_a_value_too() {
        assert_eq!(Codec::<Bytes>::decode(&Raw, b"").unwrap(), Bytes::new());
        assert_eq!(Codec::<Vec<u8>>::decode(&Raw, b"").unwrap(), Vec::<u8>::new());
        assert_eq!(Codec::<String>::decode(&Raw, b"").unwrap(), "");
    }

    #[test]
    fn refuses_text_that_is_not_utf_8() {
        for bytes in [&b"\xff"[..], b"a\xc3", b"\xed\xa0\x80", b"\xc0\x80"] {
            let error = Codec::<String>::decode(&Raw, bytes).unwrap_err();
            assert!(error.source().unwrap().is::<Utf8Error>(), "{bytes:?}");
        }
    }
}
