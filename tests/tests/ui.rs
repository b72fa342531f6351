//! Every message of the macros, pinned. What must compile is in `attribute.rs`, where it also runs.

use std::process::Command;

/// What the macros say themselves: `tests/ui/fail/*.stderr`. After a deliberate change run with
/// `TRYBUILD=overwrite` and read the difference.
#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}

/// What the compiler says about types, and where: on the author's code, not on the attribute.
#[test]
fn types_are_blamed_where_they_are_written() {
    const RESULT: &str = "error[E0277]: a chaos test returns `chaos::Result` or `Result<(), E>`";
    let expected = [
        ("6:42", RESULT),
        ("11:41", RESULT),
        ("16:10", RESULT),
        ("19:42", "error[E0277]: the trait bound `u8: std::error::Error` is not satisfied"),
        ("26:26", "error[E0308]: mismatched types: expected `other::Chaos`, found `chaos_runtime::Chaos`"),
        ("46:17", "error[E0308]: mismatched types: expected `u8`, found `&str`"),
    ];
    let mut errors = errors("return_types");
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    for (place, message) in expected {
        let start = format!("return_types.rs:{place}: {message}");
        errors.retain(|error| !error.contains(&start));
    }
    assert!(errors.is_empty(), "unexpected: {errors:#?}");
}

#[test]
fn a_test_attribute_in_front_is_refused_too() {
    let errors = errors("two_attributes");
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].contains("async functions cannot be used for tests"), "{errors:#?}");
}

/// Builds a test target that must not compile, as tests are built, which trybuild does not do: without
/// `--test` the compiler drops every `#[test]`, and the expansion with it.
fn errors(target: &str) -> Vec<String> {
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo told this test about its package, a dependency's build script takes for a change of its own.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    let output = cargo
        .args(["test", "--offline", "--no-run", "--message-format", "short"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "--test", target])
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{target} compiles");
    text.lines().filter(|line| line.contains(": error")).map(str::to_owned).collect()
}
