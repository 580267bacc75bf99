//! What the scripts reply.

use bartizan_redis_link::Value;

use crate::{Generation, Marks, Opened, StoreError, StoreErrorKind, StoreTime};

pub(super) fn generation(reply: &Value) -> Result<Generation, StoreError> {
    number(reply).map(Generation::from_u64)
}

pub(super) fn opened(reply: &Value) -> Result<Opened, StoreError> {
    let Some([generation, removed, expired, now]) = reply.as_array() else {
        return Err(StoreError::new(StoreErrorKind::Protocol));
    };
    Ok(Opened {
        generation: self::generation(generation)?,
        marks: pair(removed, expired)?,
        now: StoreTime::from_millis(number(now)?),
    })
}

/// The marks of so many tags.
pub(super) fn marks(reply: &Value, count: usize) -> Result<Vec<Marks>, StoreError> {
    let (pairs, rest) = reply.as_array().unwrap_or_default().as_chunks::<2>();
    if pairs.len() != count || !rest.is_empty() {
        return Err(StoreError::new(StoreErrorKind::Protocol));
    }
    pairs.iter().map(|[removed, expired]| pair(removed, expired)).collect()
}

fn pair(removed: &Value, expired: &Value) -> Result<Marks, StoreError> {
    Ok(Marks { removed: generation(removed)?, expired: generation(expired)? })
}

fn number(value: &Value) -> Result<u64, StoreError> {
    let number = value.as_str().and_then(|text| text.parse().ok());
    number.ok_or(StoreError::new(StoreErrorKind::Protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&'static str]) -> Value {
        let word = |word: &&'static str| Value::Bytes(word.as_bytes().into());
        Value::Array(words.iter().map(word).collect())
    }

    #[test]
    fn reads_numbers_in_their_order() {
        let marks = |removed, expired| Marks {
            removed: Generation::from_u64(removed),
            expired: Generation::from_u64(expired),
        };
        assert_eq!(super::marks(&words(&[]), 0).unwrap(), []);
        assert_eq!(
            super::marks(&words(&["1", "2", "3", "18446744073709551615"]), 2).unwrap(),
            [marks(1, 2), marks(3, u64::MAX)]
        );
        let opened = super::opened(&words(&["4", "1", "2", "3"])).unwrap();
        let (generation, now) = (Generation::from_u64(4), StoreTime::from_millis(3));
        assert_eq!(opened, Opened { generation, marks: marks(1, 2), now });
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let odd = [Value::Nil, words(&["1"]), words(&["1", "2", "3"]), words(&["1", "-1"])];
        for reply in odd {
            assert_eq!(marks(&reply, 1).unwrap_err().kind(), StoreErrorKind::Protocol);
            assert_eq!(opened(&reply).unwrap_err().kind(), StoreErrorKind::Protocol);
            assert_eq!(generation(&reply).unwrap_err().kind(), StoreErrorKind::Protocol);
        }
        let unread = words(&["1", "2", "3", "now"]);
        assert_eq!(opened(&unread).unwrap_err().kind(), StoreErrorKind::Protocol);
    }
}
