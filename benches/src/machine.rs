//! On what the figures were taken.

use crate::bench::{Bench, find};
use std::process::Command;

/// A paragraph for the head of the table.
pub(crate) fn describe(bench: &Bench) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("", |(_, m)| m);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let pinned = match bench.cores {
        Some((server, measured)) => format!("server on core {server}, what is measured on core {measured}"),
        None => "**not pinned**: one core, or no taskset".to_owned(),
    };
    let versions = [
        ("rustc", &["--version"][..]),
        ("nginx", &["-v"]),
        ("wrk", &["-v"]),
        ("oha", &["--version"]),
        ("haproxy", &["-v"]),
    ];
    let versions: Vec<String> = versions.iter().filter_map(|(program, args)| version(program, args)).collect();
    format!(
        "Taken on {count} cores ({model}), Linux {}; {pinned}; {} repeats of {} s (long ones {}), taken in turn. {}.\n",
        kernel.trim(),
        bench.repeats,
        bench.seconds,
        bench.long_repeats(),
        versions.join(", ")
    )
}

/// `name 1.2.3`
fn version(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(find(program)?).args(args).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let starts = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
    let word = text.split([' ', '/', '\n']).map(|word| word.rsplit('/').next().unwrap_or(word));
    let number = word.map(|word| word.trim_start_matches("debian")).find(starts)?;
    Some(format!("{program} {number}"))
}
