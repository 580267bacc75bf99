use super::Undecodable;

/// Reads fields one after the other.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn skip(&mut self, length: usize) -> Result<&'a [u8], Undecodable> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Undecodable::Header)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Undecodable> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Undecodable::Header)?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Undecodable> {
        self.bytes().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Undecodable> {
        self.bytes().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Undecodable> {
        self.bytes().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Undecodable> {
        self.bytes().map(u64::from_be_bytes)
    }

    pub(super) fn text(&mut self) -> Result<Box<str>, Undecodable> {
        let length = self.u16()?;
        let bytes = self.skip(usize::from(length))?;
        str::from_utf8(bytes).map(Box::from).map_err(|_| Undecodable::Header)
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<Box<str>>, Undecodable> {
        match self.u8()? {
            0 => Ok(None),
            1 => self.text().map(Some),
            _ => Err(Undecodable::Header),
        }
    }

    pub(super) fn texts(&mut self) -> Result<Vec<Box<str>>, Undecodable> {
        let count = usize::from(self.u16()?);
        // A text has two bytes at least: no room is made for more than there can be.
        let mut texts = Vec::with_capacity(count.min(self.rest.len() / 2));
        for _ in 0..count {
            texts.push(self.text()?);
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_within_the_bytes_and_is_utf_8() {
        assert_eq!(Fields::new(b"\0\x02ab").text().as_deref(), Ok("ab"));
        assert_eq!(Fields::new(b"\0\0").text().as_deref(), Ok(""));
        for bytes in [&b""[..], b"\0", b"\0\x03ab", b"\xff\xff", b"\0\x01\xff"] {
            assert_eq!(Fields::new(bytes).text(), Err(Undecodable::Header), "{bytes:?}");
        }
    }

    #[test]
    fn an_optional_text_is_there_or_is_not() {
        assert_eq!(Fields::new(b"\0").optional_text(), Ok(None));
        assert_eq!(Fields::new(b"\x01\0\0").optional_text(), Ok(Some("".into())));
        for bytes in [&b""[..], b"\x01", b"\x02\0\0", b"\xff\0\0"] {
            assert_eq!(Fields::new(bytes).optional_text(), Err(Undecodable::Header), "{bytes:?}");
        }
    }

    #[test]
    fn as_many_texts_are_read_as_announced() {
        let mut fields = Fields::new(b"\0\x02\0\x01a\0\0rest");
        assert_eq!(fields.texts(), Ok(vec!["a".into(), "".into()]));
        assert_eq!(fields.rest(), b"rest");
        assert_eq!(Fields::new(b"\0\x02\0\x01a").texts(), Err(Undecodable::Header));
        assert_eq!(Fields::new(b"\xff\xff\0\x01a").texts(), Err(Undecodable::Header));
    }
}
