//! The part of structured fields (RFC 9651) that the drafts use, through the crate `sfv`.

use std::convert::Infallible;

use http::{HeaderMap, HeaderName};
use sfv::visitor::{
    DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ListVisitor,
    ParameterVisitor,
};
use sfv::{BareItemFromInput, KeyRef, Parser};

/// More than any server has reason to send.
const MAX_MEMBERS: usize = 32;
const MAX_BYTES: usize = 8 * 1024;

/// A member of a list or of a dictionary. Parameters that no draft knows are left out.
#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) key: Option<Key>,
    pub(super) item: Item,
    pub(super) quota: Item,
    pub(super) unit: Item,
    pub(super) window: Item,
    pub(super) remaining: Item,
    pub(super) reset: Item,
    pub(super) partition_key: Item,
}

/// What a dictionary of draft 07 may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Limit,
    Remaining,
    Reset,
    Other,
}

#[derive(Debug, Default)]
pub(super) enum Item {
    Integer(u64),
    String(String),
    Bytes(Vec<u8>),
    /// Absent, or of no type or sign that any draft uses.
    #[default]
    Other,
}

impl Item {
    pub(super) const fn integer(&self) -> Option<u64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(super) fn string(self) -> Option<String> {
        if let Self::String(string) = self { Some(string) } else { None }
    }

    pub(super) fn bytes(self) -> Option<Vec<u8>> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

impl From<BareItemFromInput<'_>> for Item {
    fn from(item: BareItemFromInput<'_>) -> Self {
        match item {
            BareItemFromInput::Integer(number) => {
                u64::try_from(i64::from(number)).map_or(Self::Other, Self::Integer)
            }
            BareItemFromInput::String(string) => Self::String(string.as_str().to_owned()),
            BareItemFromInput::ByteSequence(bytes) => Self::Bytes(bytes),
            _ => Self::Other,
        }
    }
}

/// The members of a list. A field that is absent, malformed or too long has none.
pub(super) fn list(headers: &HeaderMap, name: &HeaderName) -> Vec<Member> {
    let mut members = Members::default();
    let text = joined(headers, name);
    if Parser::new(&text).parse_list_with_visitor(&mut members).is_err() {
        return Vec::new();
    }
    members.0
}

/// The members of a dictionary. A field that is absent, malformed or too long has none.
pub(super) fn dictionary(headers: &HeaderMap, name: &HeaderName) -> Vec<Member> {
    let mut members = Members::default();
    let text = joined(headers, name);
    if Parser::new(&text).parse_dictionary_with_visitor(&mut members).is_err() {
        return Vec::new();
    }
    members.0
}

/// Lines with the same name are one list (RFC 9651, section 3.1).
fn joined(headers: &HeaderMap, name: &HeaderName) -> Vec<u8> {
    let mut text = Vec::new();
    for line in headers.get_all(name) {
        if text.len().saturating_add(line.len()) > MAX_BYTES {
            return Vec::new();
        }
        if !text.is_empty() {
            text.extend_from_slice(b", ");
        }
        text.extend_from_slice(line.as_bytes());
    }
    text
}

#[derive(Default)]
struct Members(Vec<Member>);

impl Members {
    fn add(&mut self, key: Option<Key>) -> Option<&mut Member> {
        if self.0.len() >= MAX_MEMBERS {
            return None;
        }
        self.0.push(Member { key, ..Member::default() });
        self.0.last_mut()
    }
}

impl<'de> ListVisitor<'de> for &mut Members {
    type Out = ();
    type Error = Infallible;

    fn entry(&mut self) -> Result<impl EntryVisitor<'de>, Infallible> {
        Ok(self.add(None))
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<'de> DictionaryVisitor<'de> for &mut Members {
    type Out = ();
    type Error = Infallible;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Infallible> {
        Ok(self.add(Some(match key.as_str() {
            "limit" => Key::Limit,
            "remaining" => Key::Remaining,
            "reset" => Key::Reset,
            _ => Key::Other,
        })))
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<'de> EntryVisitor<'de> for &mut Member {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'de>, Infallible> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, Infallible> {
        Ok(Ignored)
    }
}

impl<'de> ItemVisitor<'de> for &mut Member {
    type Out = ();
    type Error = Infallible;

    fn bare_item(
        self,
        item: BareItemFromInput<'de>,
    ) -> Result<impl ParameterVisitor<'de, Out = ()>, Infallible> {
        self.item = item.into();
        Ok(self)
    }
}

impl<'de> ParameterVisitor<'de> for &mut Member {
    type Out = ();
    type Error = Infallible;

    fn parameter(
        &mut self,
        key: &'de KeyRef,
        value: BareItemFromInput<'de>,
    ) -> Result<(), Infallible> {
        // Of a parameter that occurs twice the last counts (RFC 9651, section 4.2.3.2).
        let slot = match key.as_str() {
            "q" => &mut self.quota,
            "qu" => &mut self.unit,
            "w" => &mut self.window,
            "r" => &mut self.remaining,
            "t" => &mut self.reset,
            "pk" => &mut self.partition_key,
            _ => return Ok(()),
        };
        *slot = value.into();
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}
