//! Counting instructions of this executable.

use crate::workload::Workload;
use std::process::Command;

/// Instructions per operation.
pub(crate) fn per_operation(workload: Workload) -> Result<u64, String> {
    let n = workload.operations();
    // Both at once: each is a process of its own, and neither disturbs the other's count.
    let few = std::thread::spawn(move || instructions(workload, n));
    let many = instructions(workload, 3 * n)?;
    let few = few.join().map_err(|_| "the counting of few operations panicked")??;
    Ok((many - few) / (2 * n))
}

fn instructions(workload: Workload, operations: u64) -> Result<u64, String> {
    let executable = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(executable)
        .args(["run", workload.name(), &operations.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}; install it (Debian: valgrind)"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{} failed under valgrind:\n{text}", workload.name()));
    }
    collected(&text).ok_or(format!("no count in what valgrind printed:\n{text}"))
}

/// The number in `==4711== Collected : 123456`.
fn collected(output: &str) -> Option<u64> {
    output.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// The compiler: its version decides which instructions there are.
pub(crate) fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found() {
        let output = "==1== For interactive control, run 'callgrind_control -h'.\n==1== \n==1== Events    : Ir\n\
                      ==1== Collected : 39245112\n==1== \n==1== I   refs:      39,245,112\n";
        assert_eq!(collected(output), Some(39_245_112));
        assert_eq!(collected("==1== Events : Ir"), None);
    }
}
