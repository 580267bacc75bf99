use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::fields::Fields;
use super::{SENSITIVE, Slot, Unreadable, VERSION, flag, kind};
use crate::policy::http::{Spec, Terms};
use crate::responses::Stored;
use crate::responses::index::{Former, Index, Language, Variant};

pub(super) fn decode(bytes: &[u8]) -> Result<Slot, Unreadable> {
    let mut fields = Fields::new(bytes);
    if fields.u8()? != VERSION {
        return Err(Unreadable::Version);
    }
    let slot = match fields.u8()? {
        kind::RESPONSE => Slot::Response(Arc::new(response(&mut fields)?)),
        kind::INDEX => Slot::Index(Arc::new(index(&mut fields)?)),
        _ => return Err(Unreadable::Kind),
    };
    fields.end()?;
    Ok(slot)
}

fn response(fields: &mut Fields<'_>) -> Result<Stored, Unreadable> {
    let flags = fields.u8()?;
    if flags & !flag::ALL != 0 {
        return Err(Unreadable::Flags);
    }
    let has = |flag| flags & flag != 0;
    let status = StatusCode::from_u16(fields.u16()?).map_err(|_| Unreadable::Status)?;
    let mut terms = Terms {
        is_validated_always: has(flag::VALIDATED_ALWAYS),
        is_validated_when_stale: has(flag::VALIDATED_WHEN_STALE),
        is_immutable: has(flag::IMMUTABLE),
        lifetime: fields.duration()?,
        initial_age: fields.duration()?,
        stale_while_revalidate: fields.duration()?,
        stale_if_error: fields.duration()?,
        keep: fields.duration()?,
        omitted: Vec::new(),
    };
    let age = fields.duration()?;
    let received = UNIX_EPOCH.checked_add(fields.duration()?).ok_or(Unreadable::Time)?;
    terms.omitted = fields.names()?;
    let headers = section(fields)?;
    let body = Bytes::copy_from_slice(fields.text()?);
    let trailers = if has(flag::TRAILERS) { Some(Arc::new(section(fields)?)) } else { None };
    Ok(Stored { status, headers, body, trailers, terms, age, received })
}

fn section(fields: &mut Fields<'_>) -> Result<HeaderMap, Unreadable> {
    let count = usize::try_from(fields.u32()?).map_err(|_| Unreadable::Short)?;
    let room = fields.room::<(HeaderValue, HeaderValue)>(count);
    let mut section = HeaderMap::try_with_capacity(room).map_err(|_| Unreadable::TooMany)?;
    for _ in 0..count {
        let (name, value) = (fields.name()?, value(fields)?);
        section.try_append(name, value).map_err(|_| Unreadable::TooMany)?;
    }
    Ok(section)
}

fn value(fields: &mut Fields<'_>) -> Result<HeaderValue, Unreadable> {
    let length = fields.u32()?;
    let bytes = usize::try_from(length & !SENSITIVE).map_err(|_| Unreadable::Short)?;
    let mut value = HeaderValue::from_bytes(fields.take(bytes)?).map_err(|_| Unreadable::Value)?;
    value.set_sensitive(length & SENSITIVE != 0);
    Ok(value)
}

fn index(fields: &mut Fields<'_>) -> Result<Index, Unreadable> {
    let id = fields.u64()?;
    let former = match fields.u8()? {
        0 => None,
        1 => Some(Former { id: fields.u64()?, stale_for: fields.duration()? }),
        _ => return Err(Unreadable::Mark),
    };
    let specs = (0..fields.u8()?).map(|_| spec(fields)).collect::<Result<_, _>>()?;
    let count = usize::try_from(fields.u32()?).map_err(|_| Unreadable::Short)?;
    let mut variants = Vec::with_capacity(fields.room::<Variant>(count));
    for _ in 0..count {
        variants.push(variant(fields)?);
    }
    Ok(Index { id, former, specs, variants })
}

/// In the order in which they are written, so that equal specs have equal bytes.
fn spec(fields: &mut Fields<'_>) -> Result<Spec, Unreadable> {
    let names = fields.names()?;
    let spec = Spec::new(names.iter().cloned()).ok_or(Unreadable::Spec)?;
    if spec.names() == names { Ok(spec) } else { Err(Unreadable::Spec) }
}

fn variant(fields: &mut Fields<'_>) -> Result<Variant, Unreadable> {
    let selecting = fields.text()?.into();
    let language = match fields.u8()? {
        0 => None,
        1 => {
            let tag = str::from_utf8(fields.text()?).map_err(|_| Unreadable::Text)?;
            Some(Language { tag: tag.into(), rest: fields.text()?.into() })
        }
        _ => return Err(Unreadable::Mark),
    };
    Ok(Variant { selecting, language })
}
