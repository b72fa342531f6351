//! Rust, nextest, and how the project depends on chaos-runtime.

use super::check::Check;
use super::project::Project;
use std::path::Path;
use std::process::{Command, Stdio};

const GROUP: &str = "project";
/// The oldest Rust by which chaos-runtime is built.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

pub(super) fn checks(project: &Project) -> Vec<Check> {
    let mut checks = vec![rust(&project.root), dependency(project)];
    checks.push(nextest(&project.root));
    checks
}

/// What a program prints when it is asked for its version.
pub(super) fn version(program: &str, arguments: &[&str], dir: &Path) -> Option<String> {
    let asked = Command::new(program).args(arguments).current_dir(dir).stdin(Stdio::null()).output().ok()?;
    let line = String::from_utf8_lossy(&asked.stdout).lines().next()?.to_owned();
    asked.status.success().then_some(line)
}

fn rust(root: &Path) -> Check {
    let compiler = std::env::var("RUSTC").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "rustc".to_owned());
    let why = "builds the tests";
    let Some(line) = version(&compiler, &["--version"], root) else {
        let fix = "install Rust: https://rustup.rs";
        return Check::missing(GROUP, "Rust", format!("`{compiler}` does not run")).why(why).fix(fix);
    };
    let found = line.split_whitespace().nth(1).unwrap_or_default();
    if numbers(found) < numbers(OLDEST) {
        let fix = "`rustup update stable`, and look for a rust-toolchain.toml that names an older one";
        return Check::missing(GROUP, "Rust", format!("{found}, and chaos-runtime needs {OLDEST}")).why(why).fix(fix);
    }
    Check::ok(GROUP, "Rust", format!("{found} (at least {OLDEST})")).why(why)
}

/// `1.89.0-nightly` as numbers.
fn numbers(version: &str) -> Vec<u32> {
    let plain = version.split('-').next().unwrap_or_default();
    let mut parts: Vec<u32> = plain.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    parts.resize(3, 0);
    parts
}

fn dependency(project: &Project) -> Check {
    let (name, why) = ("chaos-runtime", "chaos tests are made with it");
    if project.users.is_empty() {
        return Check::missing(GROUP, name, "no package depends on it").why(why).fix("`cargo chaos init`");
    }
    let of = |user: &super::project::User| match &*user.features {
        [] => user.package.clone(),
        features => format!("{} ({})", user.package, features.join(", ")),
    };
    let found: Vec<String> = project.users.iter().map(of).collect();
    let found = format!("in {}", found.join("; "));
    // The project's own crates of helpers for tests may do that, so it is no error.
    match project.users.iter().find(|user| user.ships_it) {
        Some(user) => Check::warning(GROUP, name, format!("{found}; in {} not for tests only", user.package))
            .why("what is shipped should not hold a fault injector")
            .fix("move it to [dev-dependencies], unless the package is only for tests"),
        None => Check::ok(GROUP, name, found).why(why),
    }
}

fn nextest(root: &Path) -> Check {
    let name = "cargo-nextest";
    let Some(line) = version("cargo", &["nextest", "--version"], root) else {
        return Check::not_needed(GROUP, name, "not installed; `cargo test` does as well");
    };
    let found = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let why = "without its settings nextest runs other tests beside an experiment, and kills one that rolls back";
    let settings = std::fs::read_to_string(root.join(".config/nextest.toml")).unwrap_or_default();
    if settings.contains("grace-period") && settings.contains("threads-required") {
        return Check::ok(GROUP, name, format!("{found}, with settings for experiments")).why(why);
    }
    Check::warning(GROUP, name, format!("{found}, and .config/nextest.toml says nothing of experiments"))
        .why(why)
        .fix("`cargo chaos init` adds the file, or says what to add to it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(numbers("1.100.0") > numbers("1.89"));
        assert!(numbers("1.89.0-nightly") >= numbers("1.89"));
        assert!(numbers("1.88.9") < numbers("1.89"));
    }
}
