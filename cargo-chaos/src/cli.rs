//! The command line.

use crate::command::*;
use crate::context::Place;
use crate::status::Status;
use chaos_runtime::Result;

/// As cargo calls it: `cargo-chaos chaos …`.
#[derive(Debug, clap::Parser)]
#[command(name = "cargo", bin_name = "cargo")]
pub(crate) enum Cargo {
    Chaos(Chaos),
}

/// The results of chaos tests: what a code base claims to survive, what was found, over time.
#[derive(Debug, clap::Args)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 fine; 1 bad news (a test failed, a finding is overdue, something is left behind); \
                  2 wrong usage; 3 it could not be done."
)]
pub(crate) struct Chaos {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(List),
    Run(Run),
    Report(Report),
    History(History),
    Diff(Diff),
    Recover(Recover),
    Doctor(Doctor),
    Init(Init),
    Findings(Findings),
    Policy(Policy),
    Schema(Schema),
    Completions(Completions),
    Export(Export),
}

/// The whole command line under another name than cargo's.
pub(crate) fn command(name: &'static str) -> clap::Command {
    <Chaos as clap::Args>::augment_args(clap::Command::new(name))
}

impl Chaos {
    pub(crate) fn run(&self) -> Result<Status> {
        let place = &self.place;
        match &self.command {
            Command::List(command) => command.run(place),
            Command::Run(command) => command.run(place),
            Command::Report(command) => command.run(place),
            Command::History(command) => command.run(place),
            Command::Diff(command) => command.run(place),
            Command::Recover(command) => command.run(place),
            Command::Doctor(command) => command.run(place),
            Command::Init(command) => command.run(place),
            Command::Findings(command) => command.run(place),
            Command::Policy(command) => command.run(place),
            Command::Schema(command) => command.run(place),
            Command::Completions(command) => command.run(place),
            Command::Export(command) => command.run(place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands() -> Vec<clap::Command> {
        let mut all = command("cargo-chaos");
        all.build();
        all.get_subcommands().filter(|command| command.get_name() != "help").cloned().collect()
    }

    /// Those that every command has are checked with the first one.
    fn own(command: &clap::Command) -> impl Iterator<Item = &clap::Arg> {
        const COMMON: [&str; 4] = ["help", "version", "manifest_path", "dir"];
        command.get_arguments().filter(|arg| !COMMON.contains(&arg.get_id().as_str()))
    }

    #[test]
    fn it_is_consistent() {
        command("cargo-chaos").debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does_with_examples_and_exit_codes() {
        for mut command in commands().into_iter().filter(|command| own(command).next().is_some()) {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            assert!(command.get_about().is_some_and(|about| about.to_string().len() > 20), "{name}");
            assert!(help.contains(&format!("cargo chaos {name}")), "{name} has no example:\n{help}");
            assert!(help.contains("Exit codes: 0 "), "{name} has no exit codes:\n{help}");
            for line in help.lines().filter(|line| line.trim_start().starts_with("cargo chaos")) {
                let words = line.trim_start().split(" > ").next().unwrap_or_default();
                let known = format!("cargo chaos {name}");
                assert!(words.starts_with(&known), "{name} has an example of another command: {line}");
            }
        }
    }

    /// So that no example is wrong usage.
    #[test]
    fn every_example_is_understood() {
        use clap::Parser as _;
        for mut command in commands() {
            let help = command.render_long_help().to_string();
            for line in help.lines().map(str::trim).filter(|line| line.starts_with("cargo chaos")) {
                let words = line.split(" > ").next().unwrap_or_default().split_whitespace();
                let parsed = Cargo::try_parse_from(words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
    }

    #[test]
    fn every_command_answers_programs_too() {
        for command in commands().into_iter().filter(|command| own(command).next().is_some()) {
            // Those of several verbs answer in each of them.
            let verbs: Vec<_> = command.get_subcommands().filter(|verb| verb.get_name() != "help").cloned().collect();
            for command in if verbs.is_empty() { vec![command] } else { verbs } {
                let format = command.get_arguments().find(|arg| arg.get_long() == Some("format"));
                let format = format.unwrap_or_else(|| panic!("{} has no --format", command.get_name()));
                let values = format.get_possible_values();
                assert!(values.iter().any(|value| value.get_name() == "json"), "{}", command.get_name());
            }
        }
    }

    #[test]
    fn no_flag_and_no_value_is_without_help() {
        for command in commands() {
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                assert!(arg.get_help().is_some(), "{} of {}", arg.get_id(), command.get_name());
                for value in arg.get_possible_values().iter().filter(|_| arg.get_action().takes_values()) {
                    let told = value.get_help().is_some() || arg.get_id() == "shell";
                    assert!(told, "{} of {} of {}", value.get_name(), arg.get_id(), command.get_name());
                }
            }
        }
    }
}
