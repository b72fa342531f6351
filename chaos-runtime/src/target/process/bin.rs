//! Where the binaries of the package under test lie.

use std::path::{Path, PathBuf};

/// The path of a binary of the package under test: `Command::new(bin("worker"))`.
///
/// Found where cargo puts it: `CARGO_BIN_EXE_<name>` or `NEXTEST_BIN_EXE_<name>` in the environment, else the
/// directory above the test binary's own. Cargo builds the binaries of a package for its integration tests.
///
/// # Panics
/// When there is no such binary.
#[track_caller]
pub fn bin(name: &str) -> PathBuf {
    for prefix in ["CARGO_BIN_EXE_", "NEXTEST_BIN_EXE_"] {
        for name in [name.to_owned(), name.replace('-', "_")] {
            if let Some(path) = std::env::var_os(format!("{prefix}{name}")).map(PathBuf::from).filter(|p| p.is_file()) {
                return path;
            }
        }
    }
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let test = std::env::current_exe().unwrap_or_default();
    let beside = test.ancestors().skip(1).take(2).map(|dir| dir.join(&file)).find(|path| path.is_file());
    beside.unwrap_or_else(|| {
        let dir = test.parent().and_then(Path::parent).unwrap_or(Path::new("target/debug"));
        panic!(
            "no binary `{name}` in {}\nhelp: give the package of this test a `[[bin]]` of that name; \
             cargo builds it for integration tests (files in tests/), not for unit tests",
            dir.display()
        )
    })
}
