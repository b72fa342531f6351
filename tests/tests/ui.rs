//! Every message of the macros, pinned: `tests/ui/fail/*.stderr`.
//!
//! After a deliberate change run with `TRYBUILD=overwrite` and read the difference. What must compile is
//! in `attribute.rs`, where it also runs.

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}
