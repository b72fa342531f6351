//! Any bytes as the record of an experiment, from the journal to the reports.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| chaos_runtime::__private::fuzz::record(bytes));
