//! Feeds [`eaters::graph`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eaters::graph(bytes));
