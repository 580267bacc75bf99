/// An entity tag (RFC 9110, section 8.8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag<'a> {
    pub(crate) is_weak: bool,
    /// What stands between the quotes.
    pub(crate) opaque: &'a [u8],
}

impl<'a> EntityTag<'a> {
    /// Nothing if it is none, or more than one.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        let (tag, rest) = Self::first(value.trim_ascii_start())?;
        rest.trim_ascii().is_empty().then_some(tag)
    }

    /// The tags of a list, as far as it can be read (commas may stand between the quotes). What is
    /// no tag is passed over up to the next comma.
    pub(crate) fn list(value: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut rest = value;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let member = rest.trim_ascii_start();
                if let Some((tag, after)) = Self::first(member)
                    && let Some(next) = next_member(after)
                {
                    rest = next;
                    return Some(tag);
                }
                rest = past_comma(member);
            }
            None
        })
    }

    pub(crate) fn is_same_strongly(&self, other: &EntityTag<'_>) -> bool {
        !self.is_weak && !other.is_weak && self.is_same_weakly(other)
    }

    pub(crate) fn is_same_weakly(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }

    /// The tag at the beginning, and what follows it.
    fn first(value: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (is_weak, quoted) = match value.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, value),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| !is_etagc(*byte))?;
        let (opaque, rest) = inner.split_at_checked(end)?;
        Some((Self { is_weak, opaque }, rest.strip_prefix(b"\"")?))
    }
}

/// Obsolete text is included, quotes, spaces and controls are not.
const fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)
}

/// What follows the comma after a member that ends here, if it does.
fn next_member(after: &[u8]) -> Option<&[u8]> {
    let after = after.trim_ascii_start();
    if after.is_empty() { Some(after) } else { after.strip_prefix(b",") }
}

fn past_comma(member: &[u8]) -> &[u8] {
    let comma = member.iter().position(|byte| *byte == b',');
    comma.and_then(|at| member.get(at + 1..)).unwrap_or_default()
}
