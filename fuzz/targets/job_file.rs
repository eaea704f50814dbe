//! Feeds [`eaters::job_file`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eaters::job_file(bytes));
