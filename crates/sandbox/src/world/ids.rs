//! Long ids that are the same in every run.

/// An id with exactly `digits` digits, from a fixed hash.
pub(crate) fn hashed_id(kind: u64, index: u64, digits: u32) -> u64 {
    // splitmix64: small, well distributed, and the same on every machine.
    let mut z = (kind << 40 | index).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let low = 10_u64.pow(digits - 1);
    low + z % (9 * low)
}

/// A number of at most `digits` digits, different for every index: the factor is coprime to ten.
pub(super) fn permuted(index: usize, digits: u32) -> u64 {
    let product = index as u128 * 61_803_398_874_989 % 10_u128.pow(digits);
    u64::try_from(product).expect("a remainder of at most 19 digits fits")
}
