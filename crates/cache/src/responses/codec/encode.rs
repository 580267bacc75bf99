use std::error::Error;
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{SENSITIVE, Slot, VERSION, flag, kind};
use crate::policy::http::Terms;
use crate::responses::Stored;
use crate::responses::index::{Former, Index, Variant};

/// Something is longer, or there is more of it, than the layout has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsayable;

impl fmt::Display for Unsayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored response has more than its layout has room for")
    }
}

impl Error for Unsayable {}

type Said = Result<(), Unsayable>;

pub(super) fn encode(slot: &Slot, into: &mut Vec<u8>) -> Said {
    match slot {
        Slot::Response(stored) => {
            into.extend([VERSION, kind::RESPONSE]);
            response(stored, into)
        }
        Slot::Index(it) => {
            into.extend([VERSION, kind::INDEX]);
            index(it, into)
        }
    }
}

fn response(stored: &Stored, into: &mut Vec<u8>) -> Said {
    let Stored { status, headers, body, trailers, terms, age, received } = stored;
    let Terms { lifetime, initial_age, stale_while_revalidate, stale_if_error, keep, .. } = terms;
    let flags = [
        (terms.is_validated_always, flag::VALIDATED_ALWAYS),
        (terms.is_validated_when_stale, flag::VALIDATED_WHEN_STALE),
        (terms.is_immutable, flag::IMMUTABLE),
        (trailers.is_some(), flag::TRAILERS),
    ];
    into.reserve(body.len());
    into.push(flags.into_iter().filter(|(is, _)| *is).map(|(_, flag)| flag).sum());
    into.extend(status.as_u16().to_be_bytes());
    // A clock that was never set may say a time before 1970.
    let received = received.duration_since(UNIX_EPOCH).unwrap_or_default();
    for duration in [lifetime, initial_age, stale_while_revalidate, stale_if_error, keep, age] {
        nanos(*duration, into);
    }
    nanos(received, into);
    names(&terms.omitted, into)?;
    section(headers, into)?;
    text(body, into)?;
    trailers.as_deref().map_or(Ok(()), |trailers| section(trailers, into))
}

fn nanos(duration: Duration, into: &mut Vec<u8>) {
    into.extend(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).to_be_bytes());
}

fn section(section: &HeaderMap, into: &mut Vec<u8>) -> Said {
    into.extend(u32::try_from(section.len()).map_err(|_| Unsayable)?.to_be_bytes());
    section.iter().try_for_each(|(field, said)| {
        name(field, into)?;
        value(said, into)
    })
}

fn value(value: &HeaderValue, into: &mut Vec<u8>) -> Said {
    let length = u32::try_from(value.len()).ok().filter(|length| *length < SENSITIVE);
    let mark = if value.is_sensitive() { SENSITIVE } else { 0 };
    into.extend((length.ok_or(Unsayable)? | mark).to_be_bytes());
    into.extend_from_slice(value.as_bytes());
    Ok(())
}

fn names(names: &[HeaderName], into: &mut Vec<u8>) -> Said {
    into.extend(u16::try_from(names.len()).map_err(|_| Unsayable)?.to_be_bytes());
    names.iter().try_for_each(|it| name(it, into))
}

fn name(name: &HeaderName, into: &mut Vec<u8>) -> Said {
    let name = name.as_str();
    into.extend(u16::try_from(name.len()).map_err(|_| Unsayable)?.to_be_bytes());
    into.extend_from_slice(name.as_bytes());
    Ok(())
}

fn text(text: &[u8], into: &mut Vec<u8>) -> Said {
    into.extend(u32::try_from(text.len()).map_err(|_| Unsayable)?.to_be_bytes());
    into.extend_from_slice(text);
    Ok(())
}

fn index(index: &Index, into: &mut Vec<u8>) -> Said {
    let Index { id, former, specs, variants } = index;
    into.extend(id.to_be_bytes());
    match former {
        None => into.push(0),
        Some(Former { id, stale_for }) => {
            into.push(1);
            into.extend(id.to_be_bytes());
            nanos(*stale_for, into);
        }
    }
    into.push(u8::try_from(specs.len()).map_err(|_| Unsayable)?);
    specs.iter().try_for_each(|spec| names(spec.names(), into))?;
    into.extend(u32::try_from(variants.len()).map_err(|_| Unsayable)?.to_be_bytes());
    variants.iter().try_for_each(|it| variant(it, into))
}

fn variant(variant: &Variant, into: &mut Vec<u8>) -> Said {
    text(&variant.selecting, into)?;
    match &variant.language {
        None => into.push(0),
        Some(language) => {
            into.push(1);
            text(language.tag.as_bytes(), into)?;
            text(&language.rest, into)?;
        }
    }
    Ok(())
}
