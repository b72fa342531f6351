//! What the engine has, by its own client.

use std::collections::BTreeSet;
use std::process::Command;

/// Everything that chaos tests label: containers (stopped ones too), networks, volumes. Only those of `test`.
pub fn left_by(test: &str) -> BTreeSet<String> {
    let label = format!("label=chaos-test.test={test}");
    let list = |args: &[&str]| docker(&[args, &["--filter", &label]].concat());
    let containers = list(&["ps", "-a", "--format", "container {{.Names}}"]);
    let networks = list(&["network", "ls", "--format", "network {{.Name}}"]);
    let volumes = list(&["volume", "ls", "--format", "volume {{.Name}}"]);
    [containers, networks, volumes].iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
}

/// Runs the engine's client; panics with what it said if it fails.
pub fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().expect("the docker client is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {}: {said}", args.join(" "));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
