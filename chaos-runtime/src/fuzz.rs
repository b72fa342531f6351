//! What the targets in `fuzz/` call: readers of bytes from outside, with what must be true of any input. Each
//! panics if it is not.

/// Reads a rollback ledger's file.
pub fn ledger(bytes: &[u8]) {
    crate::rollback::fuzz_ledger(bytes);
}

/// Reads the record of an experiment, and makes every report of it.
pub fn record(bytes: &[u8]) {
    crate::report::fuzz::record(bytes);
}

/// Reads a `chaos.toml`, and in its place what a variable of the environment says.
pub fn chaos_toml(bytes: &[u8]) {
    crate::config::fuzz(bytes);
}

/// Reads the first bytes of a connection through a proxy, as they come.
pub fn client_hello(bytes: &[u8]) {
    crate::proxy::fuzz_client_hello(bytes);
}
