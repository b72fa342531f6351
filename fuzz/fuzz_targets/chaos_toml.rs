//! Any bytes as a `chaos.toml`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| chaos_runtime::__private::fuzz::chaos_toml(bytes));
