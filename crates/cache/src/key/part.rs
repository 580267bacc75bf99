use std::borrow::Cow;
use std::fmt::{self, Write};
use std::rc::Rc;
use std::sync::Arc;

use super::Encoded;

/// What keys are made of: a number of parts, the same for every key of the type.
///
/// Given for every [`KeyPart`] and for tuples of up to six. Put the tenant first: whoever reads
/// the key in Redis sees whose it is.
pub trait KeyParts {
    /// Writes the parts, in their order.
    fn write(&self, parts: &mut Parts<'_>);
}

/// One part of a key.
///
/// Implement it for your own identifiers; whatever is written stays one part.
///
/// ```
/// use bartizan_cache::{KeyPart, Part};
///
/// struct LocationId(String);
///
/// impl KeyPart for LocationId {
///     fn write(&self, part: &mut Part<'_>) {
///         part.push_str(&self.0);
///     }
/// }
/// ```
pub trait KeyPart {
    /// Writes the part: the same text for values that are equal, and for no others.
    fn write(&self, part: &mut Part<'_>);
}

/// Takes the parts of a key: joined by colons, with whatever could be mistaken for a colon or for
/// the braces of a Redis Cluster hash tag written as `%` and two hexadecimal digits.
#[derive(Debug)]
pub struct Parts<'a> {
    encoded: &'a mut Encoded,
    first: bool,
}

/// Takes the text of one part.
#[derive(Debug)]
pub struct Part<'a> {
    encoded: &'a mut Encoded,
}

impl<'a> Parts<'a> {
    pub(super) const fn new(encoded: &'a mut Encoded) -> Self {
        Self { encoded, first: true }
    }

    pub(super) const fn after(encoded: &'a mut Encoded) -> Self {
        Self { encoded, first: false }
    }

    /// Writes the next part.
    #[inline]
    pub fn part<P: KeyPart + ?Sized>(&mut self, part: &P) {
        if !std::mem::replace(&mut self.first, false) {
            self.encoded.push(b":");
        }
        part.write(&mut Part { encoded: self.encoded });
    }
}

impl Part<'_> {
    /// Appends text.
    #[inline]
    pub fn push_str(&mut self, text: &str) {
        if holds_reserved(text.as_bytes()) {
            self.push_escaped(text);
        } else {
            self.encoded.push(text.as_bytes());
        }
    }

    /// Appends a letter or nothing, a length and `=`, in one step: it stands before each part of the
    /// key of a response.
    #[inline]
    pub(crate) fn push_length(&mut self, kind: Option<u8>, length: usize) {
        let mut head = [b'='; 3];
        let (head, used) = match (kind, u8::try_from(length)) {
            (None, Ok(length @ 0..10)) => {
                head[0] = b'0' + length;
                (head, 2)
            }
            (None, Ok(length @ 10..100)) => {
                head[0] = b'0' + length / 10;
                head[1] = b'0' + length % 10;
                (head, 3)
            }
            _ => {
                if let Some(kind) = kind {
                    self.encoded.push(&[kind]);
                }
                self.encoded.push(itoa::Buffer::new().format(length).as_bytes());
                (head, 1)
            }
        };
        self.encoded.push(head.get(..used).unwrap_or_default());
    }

    /// Appends bytes that may be no text: those above ASCII as the characters of the same number.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) {
        match str::from_utf8(bytes) {
            Ok(text) if bytes.is_ascii() => self.push_str(text),
            _ => bytes.iter().for_each(|byte| {
                self.push_str(char::from(*byte).encode_utf8(&mut [0; 2]));
            }),
        }
    }

    #[cold]
    fn push_escaped(&mut self, text: &str) {
        for byte in text.bytes() {
            if is_reserved(byte) {
                let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
                self.encoded.push(&[b'%', digit(byte >> 4), digit(byte & 0xf)]);
            } else {
                self.encoded.push(&[byte]);
            }
        }
    }
}

impl Write for Part<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

/// Bytes that keys may not hold as they are: those with a meaning, and control characters.
const fn is_reserved(byte: u8) -> bool {
    matches!(byte, b':' | b'%' | b'{' | b'}' | 0..=0x1f | 0x7f)
}

/// Whether any byte is reserved: eight at a time, since this is on the path of every hit. What does
/// not fill the last eight is looked at again with those before.
#[inline]
fn holds_reserved(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk::<8>() {
        let (words, _) = text.as_chunks::<8>();
        words.iter().chain([last]).any(|word| any_reserved(u64::from_ne_bytes(*word)))
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|half| u64::from(u32::from_ne_bytes(*half)));
        any_reserved(first << 32 | last)
    } else {
        text.iter().any(|byte| is_reserved(*byte))
    }
}

/// Whether any of eight bytes is reserved. A byte that is zero after the subtraction borrows into
/// its highest bit (Bit Twiddling Hacks, "Determine if a word has a byte less than n").
#[inline]
const fn any_reserved(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    const fn below(word: u64, bound: u8) -> u64 {
        word.wrapping_sub(ONES * bound as u64) & !word
    }
    const fn equal(word: u64, byte: u8) -> u64 {
        below(word ^ (ONES * byte as u64), 1)
    }
    let reserved = below(word, 0x20)
        | equal(word, b':')
        | equal(word, b'%')
        | equal(word, b'{')
        | equal(word, b'}')
        | equal(word, 0x7f);
    reserved & HIGH != 0
}

impl KeyPart for str {
    #[inline]
    fn write(&self, part: &mut Part<'_>) {
        part.push_str(self);
    }
}

macro_rules! text {
    ($($type:ty),*) => {$(
        impl KeyPart for $type {
            #[inline]
            fn write(&self, part: &mut Part<'_>) {
                part.push_str(self);
            }
        }
    )*};
}

text!(String, Box<str>, Arc<str>, Rc<str>, Cow<'_, str>);

macro_rules! integer {
    ($($type:ty),*) => {$(
        impl KeyPart for $type {
            #[inline]
            fn write(&self, part: &mut Part<'_>) {
                part.push_str(itoa::Buffer::new().format(*self));
            }
        }
    )*};
}

integer!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);

impl KeyPart for bool {
    fn write(&self, part: &mut Part<'_>) {
        part.push_str(if *self { "true" } else { "false" });
    }
}

impl<P: KeyPart + ?Sized> KeyPart for &P {
    #[inline]
    fn write(&self, part: &mut Part<'_>) {
        P::write(self, part);
    }
}

impl<P: KeyPart + ?Sized> KeyParts for P {
    #[inline]
    fn write(&self, parts: &mut Parts<'_>) {
        parts.part(self);
    }
}

macro_rules! tuple {
    ($($part:ident),*) => {
        impl<$($part: KeyPart),*> KeyParts for ($($part,)*) {
            #[inline]
            fn write(&self, parts: &mut Parts<'_>) {
                #[expect(non_snake_case, reason = "the names of the types serve the values too")]
                let ($($part,)*) = self;
                $(parts.part($part);)*
            }
        }
    };
}

tuple!(A);
tuple!(A, B);
tuple!(A, B, C);
tuple!(A, B, C, D);
tuple!(A, B, C, D, E);
tuple!(A, B, C, D, E, F);
