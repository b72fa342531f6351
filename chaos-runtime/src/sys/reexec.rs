//! Helper processes for tests: the test binary itself, running one of its ignored tests.

use std::process::Command;

/// A command that runs the ignored test `name` (its full path) of this very binary.
pub(crate) fn helper(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a running test has an executable"));
    command.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]);
    command
}

/// An argument handed to a helper process by its environment.
pub(crate) fn argument(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("this test is a helper process; it needs `{name}`"))
}
