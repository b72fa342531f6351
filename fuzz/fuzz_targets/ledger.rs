//! Any bytes as a rollback ledger's file.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| chaos_runtime::__private::fuzz::ledger(bytes));
