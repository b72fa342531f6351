//! Any bytes as the first ones of a connection, of which the name of a TLS server is read.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| chaos_runtime::__private::fuzz::client_hello(bytes));
