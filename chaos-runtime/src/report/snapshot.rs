//! Exact-output tests: what is rendered stands in `snapshots/` beside this file.

use std::path::Path;

/// Compares with `snapshots/<name>`; `UPDATE_SNAPSHOTS=1` rewrites it instead.
pub(super) fn check(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if let Some((i, (is, was))) = actual.lines().zip(expected.lines()).enumerate().find(|(_, (is, was))| is != was) {
        panic!(
            "{name}:{} differs\n  was: {was}\n  now: {is}\nhelp: UPDATE_SNAPSHOTS=1 rewrites it; look at the diff",
            i + 1
        );
    }
    assert_eq!(actual, expected, "{name} differs in length; UPDATE_SNAPSHOTS=1 rewrites it");
}
