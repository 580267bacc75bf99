use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Codec, CodecError};

/// JSON, as `serde_json` writes it: a number that is not finite becomes `null`, and keys of maps
/// must be strings or what `serde_json` makes strings of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Json;

impl<V: Serialize + DeserializeOwned> Codec<V> for Json {
    const FORMAT: u8 = 1;

    fn encode(&self, value: &V, into: &mut Vec<u8>) -> Result<(), CodecError> {
        let before = into.len();
        serde_json::to_writer(&mut *into, value).map_err(|error| {
            into.truncate(before);
            CodecError::new(error)
        })
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        serde_json::from_slice(bytes).map_err(CodecError::new)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::error::Error;

    use super::*;

    fn decode(bytes: &[u8]) -> Result<(u8, String), CodecError> {
        Json.decode(bytes)
    }

    #[test]
    fn appends_the_text_of_a_value_and_reads_it_back() {
        let mut bytes = b"before".to_vec();
        Json.encode(&(7_u8, "a\"b".to_owned()), &mut bytes).unwrap();
        assert_eq!(bytes, br#"before[7,"a\"b"]"#);
        assert_eq!(decode(br#"[7,"a\"b"]"#).unwrap(), (7, "a\"b".to_owned()));
    }

    #[test]
    fn refuses_what_is_not_one_whole_value() {
        for bytes in
            [&b""[..], b"[7", b"[7]", b"[7,\"a\"]x", b"[7,\"a\"][7,\"a\"]", b"[7,\"\xff\"]"]
        {
            let error = decode(bytes).unwrap_err();
            assert!(error.source().unwrap().is::<serde_json::Error>(), "{bytes:?}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_said_leaves_the_bytes_as_they_were() {
        let mut bytes = b"before".to_vec();
        let value = (1_u8, BTreeMap::from([((1_u8, 2_u8), 3_u8)]));
        assert!(Json.encode(&value, &mut bytes).is_err());
        assert_eq!(bytes, b"before");
    }
}
