//! Instructions per operation on the hot paths, counted by callgrind: the same on an idle machine and on a busy one.
//!
//! Each workload is run with N and with 3 N operations; the difference is what 2 N operations take, without what
//! starting and ending take. `benches/counts/check` compares with `baseline.toml`.

mod allocations;
mod baseline;
mod callgrind;
mod workload;

use baseline::Baseline;
use std::path::Path;
use std::process::ExitCode;
use workload::Workload;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["run", name, operations] => workload(name).and_then(|workload| workload.run(number(operations)?)),
        ["allocations", name] => workload(name).and_then(allocations_of),
        ["check", baseline] => check(Path::new(baseline), false),
        ["check", baseline, "--update"] => check(Path::new(baseline), true),
        _ => Err("benches/counts/check [--update]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn workload(name: &str) -> Result<Workload, String> {
    Workload::ALL.into_iter().find(|workload| workload.name() == name).ok_or(format!("no workload `{name}`"))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

/// Prints `allocations_per_operation=…`, without those of starting and ending.
fn allocations_of(workload: Workload) -> Result<(), String> {
    let taken = |operations| {
        let before = allocations::count();
        workload.run(operations)?;
        Ok::<_, String>(allocations::count() - before)
    };
    // The first run makes what is made once.
    taken(1_000)?;
    let (few, many) = (taken(10_000)?, taken(110_000)?);
    println!("allocations_per_operation={}", (many as f64 - few as f64) / 100_000.0);
    Ok(())
}

fn check(file: &Path, update: bool) -> Result<(), String> {
    let rustc = callgrind::rustc();
    let baseline = Baseline::read(file)?;
    let mut counted = Baseline { rustc, ..Baseline::default() };
    for workload in Workload::ALL {
        let count = callgrind::per_operation(workload)?;
        counted.counts.insert(workload.name().to_owned(), count);
    }
    if update {
        println!("{}", baseline.compare(&counted).report);
        return counted.write(file);
    }
    let verdict = baseline.compare(&counted);
    println!("{}", verdict.report);
    if verdict.risen { Err(baseline::HOW_TO_CHANGE.to_owned()) } else { Ok(()) }
}
