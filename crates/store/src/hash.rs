//! What names a sequence of bytes, where nobody has a reason to forge one?

/// FNV-1a, 64 bits (Fowler, Noll and Vo, 1991).
pub(crate) fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
