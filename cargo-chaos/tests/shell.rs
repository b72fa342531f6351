//! Schemas, completions, help: what needs no project.

mod support;

use support::{Home, ended};

#[test]
fn every_schema_is_one_and_the_published_ones_are_current() {
    let home = Home::new();
    let names = home.run("schema --format json").with(0).json();
    let names: Vec<_> = names.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.len() >= 6, "{names:?}");
    for name in &names {
        let schema = home.run(&format!("schema {name}")).with(0).json();
        assert!(schema["title"].is_string(), "{name}");
        jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for (name, file) in [("journal", "journal-v1"), ("config", "chaos-toml-v1"), ("catalogue", "catalogue-v1")] {
        let path = format!("{}/../schema/{file}.json", env!("CARGO_MANIFEST_DIR"));
        let printed = home.run(&format!("schema {name}")).with(0);
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &printed.out).unwrap();
        }
        let published: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(
            printed.json(),
            published,
            "{file} is out of date: UPDATE_SCHEMA=1 cargo test -p cargo-chaos --test shell"
        );
    }
    home.run("schema no-such-thing").with(2);
}

/// What bash offers for `words`, where `cargo` has a completion of its own that offers `build`.
fn offered(words: &[&str]) -> Vec<String> {
    let home = Home::new();
    let script = home.path().join("completions");
    std::fs::write(&script, home.run("completions bash").with(0).out).unwrap();
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let test = format!(
        "set -eu\n_own() {{ COMPREPLY=(build); }}\ncomplete -F _own cargo\nsource {script}\n\
         COMP_WORDS=({words}); COMP_CWORD=$(({count} - 1)); COMPREPLY=()\n\
         $(complete -p ${{COMP_WORDS[0]}} | sed 's/.* -F \\([^ ]*\\) .*/\\1/') \
         \"${{COMP_WORDS[0]}}\" \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        script = script.display(),
        words = words.join(" "),
        count = words.len(),
    );
    let mut bash = home.settle(std::process::Command::new("bash"));
    bash.args(["--norc", "-c", &test]);
    let ended = ended(bash).with(0);
    assert_eq!(ended.err, "");
    ended.out.lines().map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn bash_completes_commands_flags_and_values_and_leaves_the_rest_to_cargo() {
    assert_eq!(offered(&["cargo-chaos", "rec"]), ["recover"]);
    let commands = offered(&["cargo", "chaos", "re"]);
    assert_eq!(commands, ["report", "recover"]);
    assert_eq!(offered(&["cargo", "chaos", "run", "--rep"]), ["--repeat"]);
    assert_eq!(offered(&["cargo", "chaos", "report", "--format", "j"]), ["junit", "json"]);
    assert_eq!(offered(&["cargo", "bui"]), ["build"], "cargo's own completion goes on");
}

#[test]
fn every_shell_has_a_script() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = home.run(&format!("completions {shell}")).with(0).out;
        assert!(script.contains("recover") && script.contains("cargo-chaos"), "{shell}");
        let json = home.run(&format!("completions {shell} --format json")).with(0).json();
        assert_eq!((json["shell"].as_str(), json["script"].as_str()), (Some(shell), Some(script.as_str())));
    }
    home.run("completions ksh").with(2);
}

#[test]
fn without_a_command_it_shows_what_there_is() {
    let home = Home::new();
    let help = home.run("--help").with(0).out;
    for part in ["list", "recover", "Exit codes: 0 fine; 1 bad news", "Usage: cargo chaos"] {
        assert!(help.contains(part), "{part}:\n{help}");
    }
    assert!(home.run("list --help").with(0).out.contains("Examples:\n  cargo chaos list"));
    home.run("no-such-command").with(2);
    home.run("").with(2);
    // A reader that goes away early is no failure.
    let mut piped = home.settle(std::process::Command::new("bash"));
    piped.args(["-c", &format!("set -o pipefail; {} schema journal | head -1", env!("CARGO_BIN_EXE_cargo-chaos"))]);
    assert_eq!(ended(piped).with(0).out, "{\n");
}
