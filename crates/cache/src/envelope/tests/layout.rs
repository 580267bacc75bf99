//! The bytes stand where the layout says; checksums and signatures are those of another
//! implementation.

use super::*;

const BODY: &[u8] = b"BZ\x01\x01\
    \0\0\0\0\0\0\x01\x02\
    \x07\
    \x03\x04\
    \0\0\0\0\0\0\x05\x06\
    \0\0\0\0\0\0\x03\xe8\
    \0\0\0\0\0\0\xea\x60\
    \0\x02\0\x01t\0\x02\xc3\xa9\
    \x01\0\x03\"v\"\
    \0\
    \0\0\0\x05hello";

#[test]
fn an_entry_is_its_fields_and_a_checksum_of_the_key_and_them() {
    let bytes = [BODY, b"\x48\xc7\xb1\xd1"].concat();
    assert_eq!(seal(&plain(), Kind::Expired, b"hello"), bytes);
    let Sealed { header: found, value } = open(&plain(), &bytes).unwrap();
    assert_eq!(found, header(Kind::Expired));
    assert_eq!(value, "hello");
}

#[cfg(feature = "hmac")]
#[test]
fn a_signed_entry_says_so_and_ends_with_half_of_an_hmac() {
    let mut bytes = BODY.to_vec();
    bytes[3] |= 0b1000;
    bytes.extend(0x6217_8dc6_5e32_b7a9_625e_3e7c_873c_ebef_u128.to_be_bytes());
    let sealer = plain().with_hmac(&[0x0b; 20]);
    assert_eq!(seal(&sealer, Kind::Expired, b"hello"), bytes);
    assert_eq!(open(&sealer, &bytes).unwrap().value, "hello");
}

#[test]
fn a_tombstone_is_an_entry_without_a_value() {
    let bytes = b"BZ\x01\x02\
        \0\x1f\xff\xff\xff\xff\xff\xff\
        \0\
        \xff\xff\
        \xff\xff\xff\xff\xff\xff\xff\xff\
        \0\0\0\0\0\0\0\0\
        \xff\xff\xff\xff\xff\xff\xff\xff\
        \0\0\
        \0\
        \0\
        \0\0\0\0\
        \x67\x3d\xef\x08";
    let header = Header {
        generation: Generation::from_u64(9_007_199_254_740_991),
        kind: Kind::Tombstone,
        created: StoreTime::from_millis(u64::MAX),
        fresh_for: Duration::ZERO,
        keep_for: Duration::from_millis(u64::MAX),
        tags: Vec::new(),
        validators: Validators::default(),
    };
    let sealer = Sealer::new(0xffff);
    assert_eq!(sealer.seal("\u{e9}", &header, 0, b"").unwrap(), &bytes[..]);
    let entry = sealer.open("\u{e9}", 0, &Bytes::from_static(bytes)).unwrap();
    assert_eq!(entry, Sealed { header, value: Bytes::new() });
}

/// A hundred times `a`, as a block of LZ4.
const COMPRESSED: &[u8] = b"BZ\x01\x04\
    \0\0\0\0\0\0\x01\x02\
    \x07\
    \x03\x04\
    \0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\
    \0\0\
    \0\
    \0\
    \0\0\0\x0f\0\0\0\x64\x1fa\x01\0\x4b\x50aaaaa\
    \xaf\x62\xfe\xc2";

#[cfg(feature = "lz4")]
#[test]
fn a_compressed_value_is_its_length_and_a_block() {
    // A sealer that compresses nothing opens it too.
    let sealed = plain().open("", FORMAT, &Bytes::from_static(COMPRESSED)).unwrap();
    assert_eq!(sealed.value, vec![b'a'; 100]);
    let bytes = plain().with_compression_above(99).seal("", &sealed.header, FORMAT, &[b'a'; 100]);
    assert_eq!(open_empty_key(&bytes.unwrap()).value, vec![b'a'; 100]);
}

#[cfg(feature = "lz4")]
fn open_empty_key(bytes: &Bytes) -> Sealed {
    assert_eq!(bytes[3], 0b100);
    plain().open("", FORMAT, bytes).unwrap()
}

#[cfg(not(feature = "lz4"))]
#[test]
fn a_compressed_value_is_refused_where_nothing_can_decompress_it() {
    let opened = plain().open("", FORMAT, &Bytes::from_static(COMPRESSED));
    assert_eq!(opened, Err(Undecodable::Compression));
}

#[test]
fn the_generation_can_be_read_without_the_rest() {
    for (_, bytes) in entries() {
        assert_eq!(super::super::generation_of(&bytes), Some(Generation::from_u64(0x0102)));
    }
}

#[test]
fn a_value_that_is_not_compressed_is_not_copied() {
    let bytes = seal(&plain(), Kind::Value, b"hello");
    let value = plain().open(KEY, FORMAT, &bytes).unwrap().value;
    assert_eq!(value.as_ptr(), bytes[bytes.len() - 9..].as_ptr());
}
