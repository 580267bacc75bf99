use std::time::Duration;

use http::HeaderName;

use super::Unreadable;

/// Reads fields one after the other.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// For how many `T` room may be made at once: what is announced may be more than there is.
    pub(super) fn room<T>(&self, announced: usize) -> usize {
        announced.min(self.rest.len() / size_of::<T>())
    }

    pub(super) const fn end(&self) -> Result<(), Unreadable> {
        if self.rest.is_empty() { Ok(()) } else { Err(Unreadable::Long) }
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Unreadable::Short)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Unreadable::Short)?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Unreadable> {
        self.bytes().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Unreadable> {
        self.bytes().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Unreadable> {
        self.bytes().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Unreadable> {
        self.bytes().map(u64::from_be_bytes)
    }

    pub(super) fn duration(&mut self) -> Result<Duration, Unreadable> {
        self.u64().map(Duration::from_nanos)
    }

    pub(super) fn text(&mut self) -> Result<&'a [u8], Unreadable> {
        let length = self.u32()?;
        self.take(usize::try_from(length).map_err(|_| Unreadable::Short)?)
    }

    pub(super) fn name(&mut self) -> Result<HeaderName, Unreadable> {
        let length = self.u16()?;
        let name = self.take(usize::from(length))?;
        HeaderName::from_lowercase(name).map_err(|_| Unreadable::Name)
    }

    /// As many names as two bytes say.
    pub(super) fn names(&mut self) -> Result<Vec<HeaderName>, Unreadable> {
        let count = usize::from(self.u16()?);
        let mut names = Vec::with_capacity(self.room::<HeaderName>(count));
        for _ in 0..count {
            names.push(self.name()?);
        }
        Ok(names)
    }
}
