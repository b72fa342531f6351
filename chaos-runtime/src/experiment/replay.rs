//! The command that runs an experiment again.

use super::settings::Settings;
use super::spec::{CargoTarget, Spec};
use std::borrow::Cow;
use std::path::{Component, Path};

/// `cargo test` works under each harness: with libtest, with `main!()`, and for what nextest has run.
pub(crate) fn command(spec: &Spec, settings: &Settings) -> String {
    let mut words = Vec::new();
    if settings.profile != "local" {
        words.push(format!("CHAOS_PROFILE={}", quoted(&settings.profile)));
    }
    words.push(format!("CHAOS_SEED={} cargo test -p {}", settings.seed, spec.package));
    let exe = std::env::current_exe().ok();
    words.extend(selector(spec, exe.as_deref()));
    words.push(format!("{} -- --exact --include-ignored", spec.test_name()));
    words.join(" ")
}

/// What chooses the target, where it is known; without it cargo builds and asks all of the package's.
fn selector(spec: &Spec, exe: Option<&Path>) -> Option<String> {
    match spec.cargo_target {
        CargoTarget::Library => Some("--lib".to_owned()),
        CargoTarget::Binary(name) => {
            let dir = exe?.parent()?.file_name()?;
            Some(format!("--{} {name}", if dir == "examples" { "example" } else { "bin" }))
        }
        CargoTarget::Test => test_target(spec),
        CargoTarget::Unknown => None,
    }
}

/// The crate's name has lost the hyphens of the target's, and cargo gives the compiler no other. But a test's file is
/// `tests/<target>.rs`, or in `tests/<target>`, unless the manifest says otherwise; then it stays unknown.
fn test_target(spec: &Spec) -> Option<String> {
    let crate_name = spec.module.split("::").next()?;
    let mut parts = Path::new(spec.file).components();
    parts.by_ref().find(|part| *part == Component::Normal("tests".as_ref()))?;
    // A package, too, may lie in a directory called `tests`.
    let of_the_target = |part: Component<'_>| {
        let name = part.as_os_str().to_str()?;
        let name = name.strip_suffix(".rs").unwrap_or(name);
        (name.replace('-', "_") == crate_name).then(|| format!("--test {name}"))
    };
    let first = parts.next()?;
    let second = (first == Component::Normal("tests".as_ref())).then(|| parts.next()).flatten();
    second.and_then(of_the_target).or_else(|| of_the_target(first))
}

/// As a shell reads it as one word.
fn quoted(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:+,@%".contains(c)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::__private::spec::{spec, target};

    fn at(module: &'static str, file: &'static str, cargo_target: CargoTarget) -> Spec {
        Spec { cargo_target, ..spec("orders", module, "shop", file, 1, 1, "") }
    }

    #[test]
    fn the_compiler_is_told_what_it_builds() {
        let of = |module, bin, tmpdir| target(module, Some("the_shop"), bin, tmpdir);
        assert_eq!(of("the_shop::tests", None, false), CargoTarget::Library);
        assert_eq!(of("the_shop", Some("the-shop"), false), CargoTarget::Binary("the-shop"));
        assert_eq!(of("the_shop", None, true), CargoTarget::Test);
        for doc_test in ["rust_out", "the_shop_2::x", "the"] {
            assert_eq!(of(doc_test, None, false), CargoTarget::Unknown, "{doc_test}");
        }
        assert_eq!(target("built_without_cargo", None, None, false), CargoTarget::Unknown);
    }

    #[test]
    fn the_target_is_named_where_it_is_known() {
        let deps = Some(Path::new("/t/debug/deps/x-1"));
        let examples = Some(Path::new("/t/debug/examples/x-1"));
        let named = |spec: Spec, exe| selector(&spec, exe);
        assert_eq!(named(at("shop", "src/lib.rs", CargoTarget::Library), deps).unwrap(), "--lib");
        let bin = at("the_shop", "src/main.rs", CargoTarget::Binary("the-shop"));
        assert_eq!(named(bin, deps).unwrap(), "--bin the-shop");
        assert_eq!(named(bin, examples).unwrap(), "--example the-shop");
        assert_eq!(named(bin, None), None);
        let test = |module, file| named(at(module, file, CargoTarget::Test), deps);
        assert_eq!(test("chaos", "tests/chaos.rs").unwrap(), "--test chaos");
        assert_eq!(test("chaos_shop::orders", "crates/shop/tests/chaos-shop/orders.rs").unwrap(), "--test chaos-shop");
        assert_eq!(test("harness", "tests/tests/harness.rs").unwrap(), "--test harness");
        assert_eq!(test("tests", "tests/tests.rs").unwrap(), "--test tests");
        // Elsewhere than where cargo looks by itself.
        assert_eq!(test("chaos", "tests/shared.rs"), None);
        assert_eq!(test("chaos", "benches/chaos.rs"), None);
        assert_eq!(named(at("rust_out", "src/lib.rs", CargoTarget::Unknown), deps), None);
    }

    #[test]
    fn a_shell_reads_it_as_it_was_meant() {
        let spec = at("chaos::slow", "tests/chaos.rs", CargoTarget::Test);
        let replay = |profile: &str| command(&spec, &Settings::new(&spec, 7, profile.into(), false));
        let command = "CHAOS_SEED=7 cargo test -p shop --test chaos slow::orders -- --exact --include-ignored";
        assert_eq!(replay("local"), command);
        assert_eq!(replay("pre-prod"), format!("CHAOS_PROFILE=pre-prod {command}"));
        assert_eq!(replay("it's here"), format!(r"CHAOS_PROFILE='it'\''s here' {command}"));
    }
}
