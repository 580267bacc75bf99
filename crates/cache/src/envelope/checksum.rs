use crc32fast::Hasher;

/// The CRC-32 of a key and what stands under it.
pub(super) fn checksum(key: &str, bytes: &[u8]) -> [u8; 4] {
    let mut hasher = Hasher::new();
    hasher.update(&key_length(key));
    hasher.update(key.as_bytes());
    hasher.update(bytes);
    hasher.finalize().to_be_bytes()
}

/// Stands before the key, so that no key and its bytes look like another key and other bytes.
pub(super) const fn key_length(key: &str) -> [u8; 8] {
    (key.len() as u64).to_be_bytes()
}
