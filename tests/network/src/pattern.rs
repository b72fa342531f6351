//! Bytes in which a loss, a repetition and an exchange all show.

use std::sync::LazyLock;

/// After so many bytes they begin anew; a prime, so that no block of a size that buffers have fits in evenly.
pub const PERIOD: usize = 1_048_573;

/// Two periods, so that what begins anywhere in the first is in one piece.
static TWICE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let words = (0..).map(mix);
    let once: Vec<u8> = words.flat_map(u64::to_le_bytes).take(PERIOD).collect();
    once.repeat(2)
});

/// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
fn mix(n: u64) -> u64 {
    let n = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// A piece of a stream, a period long at most; `stream` tells streams apart.
///
/// # Panics
/// If it is longer.
pub fn piece(stream: u64, from: u64, len: usize) -> &'static [u8] {
    assert!(len <= PERIOD, "{len} bytes are more than a period");
    let start = (u128::from(stream) * 7_919 + u128::from(from)) % PERIOD as u128;
    &TWICE[start as usize..][..len]
}

/// The same of any length.
pub fn bytes(stream: u64, from: u64, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        let n = (len - bytes.len()).min(PERIOD);
        bytes.extend_from_slice(piece(stream, from + bytes.len() as u64, n));
    }
    bytes
}

/// Lines of text: the number of each and words that differ from line to line.
pub fn lines(n: u64) -> String {
    (0..n).map(|i| format!("{i}\t{:016x}\n", i.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_a_repetition_and_an_exchange_show() {
        let whole = bytes(3, 0, 4_096);
        assert!(piece(3, 100, 3_996) == &whole[100..]);
        for changed in [
            [&whole[..512], &whole[520..]].concat(),
            [&whole[..512], &whole[256..]].concat(),
            [&whole[..512], &whole[1_024..1_536], &whole[512..]].concat(),
            bytes(4, 0, 4_096),
        ] {
            assert!(changed != piece(3, 0, changed.len()));
        }
    }

    #[test]
    fn no_two_positions_look_the_same() {
        let mut words: Vec<_> = piece(0, 0, PERIOD).windows(8).collect();
        let n = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), n);
    }
}
