mod damage;
mod layout;
mod round_trip;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use smallvec::smallvec;

use super::{Slot, Unreadable, Unsayable, Wire};
use crate::Codec;
use crate::policy::http::{Spec, Terms};
use crate::responses::Stored;
use crate::responses::index::{Former, Index, Language, Variant};

fn bytes_of(slot: &Slot) -> Vec<u8> {
    let mut bytes = Vec::new();
    Wire.encode(slot, &mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<Slot, Unreadable> {
    let unreadable = |error: crate::CodecError| *error.source().unwrap().downcast_ref().unwrap();
    Wire.decode(bytes).map_err(unreadable)
}

/// Says all that is in a slot; whether a value is sensitive its own `Debug` says.
fn said(slot: &Slot) -> String {
    format!("{slot:?}")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn moment(after: Duration) -> SystemTime {
    UNIX_EPOCH + after
}

/// One of each that a response may have.
fn response() -> Stored {
    let mut headers = HeaderMap::new();
    headers.append("age", HeaderValue::from_static(""));
    headers.append("link", HeaderValue::from_static("<a>"));
    headers.append("link", HeaderValue::from_bytes(b"<\xff>").unwrap());
    let mut secret = HeaderValue::from_static("k");
    secret.set_sensitive(true);
    headers.append("x-secret", secret);
    let mut trailers = HeaderMap::new();
    trailers.append("x-sum", HeaderValue::from_static("1"));
    Stored {
        status: StatusCode::NOT_FOUND,
        headers,
        body: Bytes::from_static(b"\0gone"),
        trailers: Some(Arc::new(trailers)),
        terms: Terms {
            lifetime: seconds(1),
            initial_age: Duration::from_nanos(2),
            is_validated_always: true,
            is_validated_when_stale: false,
            is_immutable: true,
            stale_while_revalidate: seconds(3),
            stale_if_error: seconds(4),
            keep: seconds(5),
            omitted: vec![HeaderName::from_static("x-own"), HeaderName::from_static("a")],
        },
        age: seconds(6),
        received: moment(seconds(7)),
    }
}

fn spec(names: &[&'static str]) -> Spec {
    Spec::new(names.iter().map(|name| HeaderName::from_static(name))).unwrap()
}

/// One of each that an index may have.
fn index() -> Index {
    let plain = Variant { selecting: (*b"\x01\xff").into(), language: None };
    let language = Language { tag: "d\u{e9}".into(), rest: (*b"r").into() };
    let german = Variant { selecting: Box::default(), language: Some(language) };
    Index {
        id: 0x0102_0304_0506_0708,
        former: Some(Former { id: 9, stale_for: seconds(8) }),
        specs: smallvec![spec(&["b", "ac"]), spec(&["x"])],
        variants: vec![plain, german],
    }
}

fn slots() -> [Slot; 2] {
    [Slot::Response(Arc::new(response())), Slot::Index(Arc::new(index()))]
}
