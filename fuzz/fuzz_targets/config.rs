#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| why_denied_fuzz::config(data));
