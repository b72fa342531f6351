//! A point that is off is no code: the compiler gives the same machine code with it and without it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What both editions have; `POINT` and so on stand for the points.
const CODE: &str = r#"
#![crate_type = "lib"]
#![allow(dead_code, unused)]
#[macro_use]
#[path = "LIB"]
mod chaos_point;
use chaos_point::{__pass, __pass_async};

#[inline(never)]
pub fn write(rows: &mut Vec<u32>, row: u32) -> Result<usize, String> {
    POINT
    rows.push(row);
    FAILING
    for row in rows.iter() {
        REASON
        if *row > 1_000 { break; }
    }
    Ok(rows.len())
}

pub async fn read(rows: &[u32], wanted: u32) -> Result<u32, String> {
    ASYNC
    std::future::ready(()).await;
    ASYNC_FAILING
    rows.iter().copied().find(|row| *row == wanted).ok_or_else(String::new)
}

/// Polled here, so that the future's code is made, and its size is part of it.
pub fn poll(cx: &mut std::task::Context<'_>, rows: &[u32]) -> (bool, usize) {
    let mut future = std::pin::pin!(read(rows, 3));
    let size = std::mem::size_of_val(&*future);
    (std::future::Future::poll(future.as_mut(), cx).is_ready(), size)
}
"#;

const POINTS: [(&str, &str); 5] = [
    ("ASYNC_FAILING", r#"point!(async "db.found", why => return Err(why));"#),
    ("ASYNC", r#"point!(async "db.read");"#),
    ("POINT", r#"point!("db.write");"#),
    ("FAILING", r#"point!("db.written" => return Err(String::new()));"#),
    ("REASON", r#"point!("db.row", why => return Err(why));"#),
];

fn assembly(dir: &Path, edition: &str, points: bool, active: bool) -> String {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let mut code = CODE.replace("LIB", lib.to_str().unwrap());
    for (place, point) in POINTS {
        // A line each, so that line numbers are the same.
        code = code.replace(place, if points { point } else { "" });
    }
    if !active {
        // `$crate` is the root here; with points off the macro needs nothing of it.
        code = code.replace("use chaos_point::{__pass, __pass_async};", "");
    }
    let (source, out) = (dir.join("store.rs"), dir.join(format!("{edition}.s")));
    std::fs::write(&source, code).unwrap();
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "-Copt-level=3", "-Ccodegen-units=1", "--emit=asm", "--crate-name=store"]);
    rustc.arg("-o").arg(&out).arg(&source);
    if active {
        rustc.args(["--cfg", "feature=\"active\""]);
    }
    let done = rustc.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::read_to_string(out).unwrap()
}

fn scratch() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nothing-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn the_machine_code_is_the_same_with_points_and_without() {
    let dir = scratch();
    let with = assembly(&dir, "with", true, false);
    let without = assembly(&dir, "without", false, false);
    assert!(with.contains("write"), "the functions are there at all");
    assert!(with == without, "the code differs: see {}", dir.display());
    // And the comparison would show a difference.
    let active = assembly(&dir, "active", true, true);
    assert!(active != without && active.contains("db.written"));
    let _ = std::fs::remove_dir_all(dir);
}
