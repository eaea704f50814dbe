//! Chance that can be had again: what is drawn depends on one number, which is printed.

use std::hash::{BuildHasher, RandomState};

/// Set it to the number that a run printed, and the same histories come again.
const SEED: &str = "KEYLINE_TEST_SEED";

/// A stream of numbers (SplitMix64).
pub(crate) struct Seed(u64);

impl Seed {
    /// The seed that was asked for, or a new one.
    pub(crate) fn take() -> (Self, u64) {
        let seed = match std::env::var(SEED) {
            Ok(text) => text.parse().expect("KEYLINE_TEST_SEED is a number"),
            Err(_) => RandomState::new().hash_one("seed"),
        };
        (Self(seed), seed)
    }

    /// What follows from this number.
    pub(crate) fn of(number: u64) -> Self {
        Self(number)
    }

    /// A number from 1 to `most`.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (drawn ^ (drawn >> 31)) % most + 1
    }
}
