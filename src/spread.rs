//! What spreads waiting (the jitter of openings, the pauses between retries): numbers that are the same for the
//! same names on any machine. None of it withstands an opponent; what people sign is in `digest`.

/// FNV-1a: enough to tell names apart.
#[must_use]
pub fn fnv_1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The last step of SplitMix64, after which numbers that differ in one bit lie far apart.
#[must_use]
pub fn scattered(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replicas of two versions, and a command line of a third, must name one instant.
    #[test]
    fn waiting_is_spread_by_the_published_functions() {
        assert_eq!(fnv_1a(b"foobar".iter().copied()), 0x8594_4171_f739_67e8, "the test vector of FNV's authors");
        // The first numbers of SplitMix64 from the seeds 0 and 1234567: it adds the golden ratio, then scatters.
        assert_eq!(scattered(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
        assert_eq!(scattered(0x9e37_79b9_7f4a_7c15_u64.wrapping_add(1_234_567)), 6_457_827_717_110_365_317);
    }
}
