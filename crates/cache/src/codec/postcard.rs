use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Codec, CodecError};

/// Postcard: names no fields and no types, so a change of either needs another schema number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Postcard;

impl<V: Serialize + DeserializeOwned> Codec<V> for Postcard {
    const FORMAT: u8 = 3;

    fn encode(&self, value: &V, into: &mut Vec<u8>) -> Result<(), CodecError> {
        let before = into.len();
        postcard::serialize_with_flavor(value, Appending(&mut *into)).map_err(|error| {
            into.truncate(before);
            CodecError::new(error)
        })
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(CodecError::new("more bytes follow the value")),
            Err(error) => Err(CodecError::new(error)),
        }
    }
}

struct Appending<'a>(&'a mut Vec<u8>);

impl Flavor for Appending<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use serde::{Deserialize, Serializer};

    use super::*;

    type Pair = (u16, String);

    #[test]
    fn appends_the_bytes_of_a_value_and_reads_them_back() {
        let mut bytes = b"before".to_vec();
        Postcard.encode(&(300_u16, "ab".to_owned()), &mut bytes).unwrap();
        // 300 as a variable length integer, then the length of the text, then the text.
        assert_eq!(bytes, b"before\xac\x02\x02ab");
        let pair: Pair = Postcard.decode(b"\xac\x02\x02ab").unwrap();
        assert_eq!(pair, (300, "ab".to_owned()));
    }

    #[test]
    fn refuses_what_is_not_one_whole_value() {
        for bytes in [&b""[..], b"\xac\x02", b"\xac\x02\x02a", b"\xac\x02\x01\xff"] {
            let error = Codec::<Pair>::decode(&Postcard, bytes).unwrap_err();
            assert!(error.source().unwrap().is::<postcard::Error>(), "{bytes:?}");
        }
    }

    #[test]
    fn refuses_bytes_after_the_value() {
        let error = Codec::<Pair>::decode(&Postcard, b"\xac\x02\x02ab\0").unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "more bytes follow the value");
    }

    #[derive(Deserialize)]
    struct Unsayable;

    impl Serialize for Unsayable {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            // Sequences of unknown length cannot be said.
            serializer.collect_seq([1_u8, 2].iter().filter(|n| **n > 1))
        }
    }

    #[test]
    fn a_value_that_cannot_be_said_leaves_the_bytes_as_they_were() {
        let mut bytes = b"before".to_vec();
        assert!(Postcard.encode(&(1_u8, Unsayable), &mut bytes).is_err());
        assert_eq!(bytes, b"before");
    }
}
