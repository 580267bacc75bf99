mod damage;
mod forged;
mod keys;
mod layout;
mod limits;
mod round_trip;

use std::time::Duration;

use bytes::Bytes;

use super::checksum::checksum;
use super::{Header, Kind, Sealed, Sealer, Undecodable};
use crate::Generation;
use crate::entry::Validators;
use crate::store::StoreTime;

const FORMAT: u8 = 7;
const SCHEMA: u16 = 0x0304;
const KEY: &str = "a:1";
const KINDS: [Kind; 3] = [Kind::Value, Kind::Expired, Kind::Tombstone];

fn header(kind: Kind) -> Header {
    Header {
        generation: Generation::from_u64(0x0102),
        kind,
        created: StoreTime::from_millis(0x0506),
        fresh_for: Duration::from_secs(1),
        keep_for: Duration::from_secs(60),
        tags: vec!["t".into(), "\u{e9}".into()],
        validators: Validators { etag: Some("\"v\"".into()), last_modified: None },
    }
}

fn plain() -> Sealer {
    Sealer::new(SCHEMA)
}

/// Every way to seal that the features offer.
fn sealers() -> Vec<Sealer> {
    let sealers = Vec::from([
        plain(),
        #[cfg(feature = "lz4")]
        plain().with_compression_above(8),
    ]);
    #[cfg(feature = "hmac")]
    let sealers = {
        let signing = |sealer: Sealer| [sealer.clone(), sealer.with_hmac(b"secret")];
        sealers.into_iter().flat_map(signing).collect()
    };
    sealers
}

fn seal(sealer: &Sealer, kind: Kind, value: &[u8]) -> Bytes {
    sealer.seal(KEY, &header(kind), FORMAT, value).unwrap()
}

/// An entry of every kind, made in every way.
fn entries() -> impl Iterator<Item = (Sealer, Bytes)> {
    sealers().into_iter().flat_map(|sealer| {
        KINDS.map(|kind| {
            let value = if kind == Kind::Tombstone { Vec::new() } else { vec![b'a'; 40] };
            let bytes = seal(&sealer, kind, &value);
            (sealer.clone(), bytes)
        })
    })
}

fn open(sealer: &Sealer, bytes: &[u8]) -> Result<Sealed, Undecodable> {
    sealer.open(KEY, FORMAT, &Bytes::copy_from_slice(bytes))
}

/// What somebody writes who knows the layout and no key of signatures.
fn forge(body: &[u8]) -> Vec<u8> {
    [body, &checksum(KEY, body)].concat()
}
