//! Feeds [`eaters::ctaphid`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eaters::ctaphid(bytes));
