//! `Forwarded` (RFC 7239), read from the right.

use std::net::IpAddr;

use super::node;

/// More than the longest address with brackets, a zone of the longest interface name and a port.
const MAX_NODE: usize = 128;

/// Where the last element of a line begins.
pub(super) enum Cut {
    /// After the comma at this place.
    Comma(usize),
    /// At the beginning of the line.
    Whole,
    /// Nowhere: a quoted string is not closed.
    Unclosed,
}

/// Splits off the last element.
///
/// From the right, what an element is depends only on itself and on what follows it, so nothing
/// that a client sent before can swallow what a proxy has appended.
pub(super) fn last_cut(line: &[u8]) -> Cut {
    let mut before = line;
    while let Some(at) = before.iter().rposition(|byte| matches!(byte, b',' | b'"')) {
        if before.get(at) == Some(&b',') {
            return Cut::Comma(at);
        }
        let Some(opening) = before.get(..at).and_then(before_quoted) else {
            return Cut::Unclosed;
        };
        before = opening;
    }
    Cut::Whole
}

/// What stands before the quoted string that ends with `text`: it begins at the last unescaped
/// quote.
fn before_quoted(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let at = text.iter().rposition(|byte| *byte == b'"')?;
        text = text.get(..at)?;
        let escapes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
        if escapes % 2 == 0 {
            return Some(text);
        }
    }
}

/// Reads the address that one element names with `for`. A malformed element names none.
pub(super) fn address(element: &[u8]) -> Option<IpAddr> {
    let mut rest = Some(element);
    let mut named = None;
    while let Some(text) = rest {
        let text = text.trim_ascii_start();
        // The grammar admits empty pairs.
        if text.is_empty() || text.starts_with(b";") {
            rest = text.get(1..);
            continue;
        }
        let equals = text.iter().position(|byte| *byte == b'=')?;
        let (name, value) = text.split_at_checked(equals)?;
        if !name.iter().all(|byte| is_token(*byte)) || name.is_empty() {
            return None;
        }
        let mut buffer = [0; MAX_NODE];
        let (value, after) = read_value(value.get(1..)?, &mut buffer)?;
        if name.eq_ignore_ascii_case(b"for") {
            // "Each parameter MUST NOT occur more than once per field-value element."
            if named.is_some() {
                return None;
            }
            named = Some(node::address(value?)?);
        }
        rest = match after.trim_ascii_start() {
            [] => None,
            [b';', rest @ ..] => Some(rest),
            _ => return None,
        };
    }
    named
}

/// A value without its quotes, if it fits the buffer, and what follows it.
fn read_value<'t, 'b>(
    text: &'t [u8],
    buffer: &'b mut [u8; MAX_NODE],
) -> Option<(Option<&'b [u8]>, &'t [u8])>
where
    't: 'b,
{
    let Some(mut quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| !is_bare(*byte)).unwrap_or(text.len());
        let (value, after) = text.split_at_checked(end)?;
        return (!value.is_empty()).then_some((Some(value), after));
    };
    let mut len = 0;
    loop {
        let (byte, after) = match quoted {
            [b'"', after @ ..] => return Some((buffer.get(..len), after)),
            [b'\\', byte, after @ ..] | [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        if let Some(slot) = buffer.get_mut(len) {
            *slot = byte;
        }
        len = len.saturating_add(1);
        quoted = after;
    }
}

/// `tchar` (RFC 9110, section 5.6.2).
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// What may stand outside of quotes. Ports and IPv6 addresses belong into quotes, but proxies omit
/// them, and without they mean the same.
const fn is_bare(byte: u8) -> bool {
    is_token(byte) || matches!(byte, b':' | b'[' | b']')
}
