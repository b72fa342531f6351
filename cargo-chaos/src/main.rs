//! `cargo chaos`: the results of chaos tests for people.

#![allow(
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags,
    reason = "much of the documentation here is the command line's help"
)]

mod cli;
mod command;
mod context;
#[cfg(feature = "export")]
mod export;
mod kept;
mod output;
mod promises;
mod section;
mod selection;
mod status;

use clap::Parser as _;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli::Cargo::Chaos(chaos) = cli::Cargo::parse_from(arguments(std::env::args_os().collect()));
    match chaos.run() {
        Ok(status) => status.into(),
        Err(error) => {
            eprintln!("error: {error}");
            status::Status::Failed.into()
        }
    }
}

/// As cargo hands them over: it repeats the name of the command. Called as `cargo-chaos`, nobody does.
fn arguments(mut all: Vec<OsString>) -> Vec<OsString> {
    if all.get(1).is_none_or(|first| first != "chaos") {
        all.insert(all.len().min(1), "chaos".into());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_may_be_called_by_cargo_or_by_its_name() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for line in ["cargo-chaos chaos list", "cargo-chaos list"] {
            assert_eq!(arguments(words(line)), words("cargo-chaos chaos list"));
        }
        assert_eq!(arguments(words("cargo-chaos")), words("cargo-chaos chaos"));
    }
}
