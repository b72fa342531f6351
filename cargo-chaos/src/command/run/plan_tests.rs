use super::*;
use crate::command::list::testing::entry;

const PLAIN: How<'static> =
    How { runner: Runner::Cargo, ignored: false, include_ignored: false, fail_fast: false, arguments: &[] };

fn lines(how: How<'_>, all: &[CatalogueEntry], meant: impl Fn(&CatalogueEntry) -> bool) -> Vec<String> {
    let meant: Vec<_> = all.iter().filter(|entry| meant(entry)).collect();
    let place = Place { manifest_path: None, dir: None };
    let calls = calls(how.runner, all, &meant);
    let text = |command: Command| command.get_args().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ");
    calls.iter().map(|call| text(call.command(&Selection::default(), &place, how))).collect()
}

fn catalogue() -> Vec<CatalogueEntry> {
    let test = CatalogueTargetKind::Test;
    vec![
        entry("api", test, "chaos", "slow"),
        entry("shop", test, "chaos", "slow"),
        entry("shop", test, "chaos", "down"),
        entry("shop", CatalogueTargetKind::Lib, "shop", "tests::slow"),
        entry("shop", CatalogueTargetKind::Bin, "shop-server", "slow"),
    ]
}

#[test]
fn a_call_for_each_target_with_the_names_of_its_tests() {
    let arguments = ["--nocapture".to_owned()];
    let found = lines(How { arguments: &arguments, ignored: true, ..PLAIN }, &catalogue(), |_| true);
    assert_eq!(
        found,
        [
            "test --lib --no-fail-fast -- --exact tests::slow --ignored --nocapture",
            "test --bin shop-server --no-fail-fast -- --exact slow --ignored --nocapture",
            "test --test chaos --no-fail-fast -- --exact slow slow down --ignored --nocapture",
        ]
    );
}

#[test]
fn a_package_is_named_only_where_names_alone_would_choose_too_much() {
    let all = catalogue();
    let of_shop = |entry: &CatalogueEntry| entry.package == "shop" && entry.binary == "chaos";
    assert_eq!(lines(PLAIN, &all, of_shop), ["test --package shop --test chaos --no-fail-fast -- --exact slow down"]);
    let down = |entry: &CatalogueEntry| entry.name == "down";
    assert_eq!(
        lines(How { fail_fast: true, include_ignored: true, ..PLAIN }, &all, down),
        ["test --test chaos -- --exact down --include-ignored"]
    );
}

#[test]
fn nextest_is_told_in_its_language() {
    let how = How { runner: Runner::Nextest, include_ignored: true, ..PLAIN };
    let found = lines(how, &catalogue(), |entry| entry.name == "down" || entry.binary == "shop");
    assert_eq!(
        found,
        ["nextest run --run-ignored all --no-fail-fast --filterset \
          (package(=shop) & kind(=test) & binary(=chaos) & test(=down)) + \
          (package(=shop) & kind(=lib) & binary(=shop) & test(=tests::slow))"]
    );
}

#[test]
fn no_command_line_is_longer_than_the_system_takes() {
    let long = |n: usize| entry("shop", CatalogueTargetKind::Test, "chaos", &format!("{n:0>200}"));
    let all: Vec<_> = (0..1000).map(long).collect();
    for runner in [Runner::Cargo, Runner::Nextest] {
        let found = lines(How { runner, ..PLAIN }, &all, |_| true);
        assert!(found.len() > 1 && found.iter().all(|line| line.len() < 2 * LINE), "{}", found.len());
        let named = |name: &str| found.iter().filter(|line| line.contains(name)).count();
        assert!(all.iter().all(|entry| named(&entry.name) == 1));
    }
}
