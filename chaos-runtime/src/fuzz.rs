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

/// Reads a `chaos.toml`.
pub fn chaos_toml(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        // An error names its place; making its text is part of reading.
        if let Err(error) = crate::config::parse(text) {
            let error = error.in_file(std::path::Path::new("chaos.toml"));
            assert!(!error.to_string().is_empty(), "an error without a text");
        }
    }
}
