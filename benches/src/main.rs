//! Benchmarks of chaos-runtime beside its peers: `benches/run --help`.

mod bench;
mod fifo;
mod machine;
mod peer;
mod process;
mod reading;
mod role;
mod row;
mod series;
mod statistics;
mod suite;
mod table;

use bench::Bench;
use row::Row;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "benches/run [--all | SUITE…] [--quick] [--repeats N] [--seconds S]
benches/run --table     the figures of the last runs as Markdown
benches/run --readme    the same, put into benches/README.md; with suites, after they have run

suites: closed open stall dispatch recorder proxy journal memory scale";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.split_first() {
        Some((&"role", role)) => role::run(role).map(|()| true),
        None | Some((&("--help" | "-h"), _)) => {
            println!("{HELP}");
            Ok(true)
        }
        _ => Asked::parse(&args).and_then(|asked| asked.run()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What the command line asks for.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    suites: Vec<String>,
    repeats: Option<usize>,
    seconds: Option<u64>,
    quick: bool,
    table: bool,
    readme: bool,
}

impl Asked {
    fn parse(args: &[&str]) -> Result<Self, String> {
        let mut asked = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut number = || {
                let value = args.next().and_then(|value| value.parse().ok()).filter(|value: &u64| *value > 0);
                value.ok_or(format!("{arg} takes a whole number above zero"))
            };
            match *arg {
                "--all" => asked.suites = suite::ALL.iter().map(|(name, ..)| (*name).to_owned()).collect(),
                "--quick" => asked.quick = true,
                "--table" => asked.table = true,
                "--readme" => asked.readme = true,
                "--repeats" => asked.repeats = usize::try_from(number()?).ok(),
                "--seconds" => asked.seconds = Some(number()?),
                name if suite::ALL.iter().any(|(known, ..)| *known == name) => asked.suites.push(name.to_owned()),
                other => return Err(format!("what is `{other}`?\n{HELP}")),
            }
        }
        Ok(asked)
    }

    /// False if a row has failed.
    fn run(&self) -> Result<bool, String> {
        let folder =
            std::env::var_os("CHAOS_BENCH_RESULTS").map_or_else(|| "target/bench-results".into(), PathBuf::from);
        if self.suites.is_empty() {
            return self.show(&folder);
        }
        // The limit on descriptors is raised by `benches/run`: two of them for each of 10,000 connections.
        let repeats = self.repeats.unwrap_or(if self.quick { 1 } else { 5 });
        let bench = Bench::new(repeats, self.seconds.unwrap_or(1), self.quick, folder.join("scratch"))?;
        let machine = machine::describe(&bench);
        std::fs::write(folder.join("machine.txt"), &machine).map_err(|error| error.to_string())?;
        let mut fine = true;
        for (name, _, run) in suite::ALL.iter().filter(|(name, ..)| self.suites.iter().any(|asked| asked == name)) {
            let started = std::time::Instant::now();
            eprintln!("{name}");
            let rows = run(&bench).unwrap_or_else(|error| vec![failed(&error)]);
            eprintln!("{name}: {:.0?}", started.elapsed());
            fine &= !rows.iter().any(Row::has_failed);
            table::keep(&folder, name, &rows)?;
        }
        self.show(&folder)?;
        Ok(fine)
    }

    fn show(&self, folder: &Path) -> Result<bool, String> {
        let text = table::markdown(folder);
        println!("{text}");
        std::fs::write(folder.join("table.md"), &text).map_err(|error| error.to_string())?;
        if self.readme {
            table::replace(Path::new("benches/README.md"), &text)?;
        }
        Ok(true)
    }
}

fn failed(error: &str) -> Row {
    Row { what: "the suite".to_owned(), met: format!("FAILED: {error}"), ..Row::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_understood() {
        let asked = Asked::parse(&["closed", "proxy", "--repeats", "7", "--quick"]).unwrap();
        assert_eq!((asked.suites.len(), asked.repeats, asked.quick), (2, Some(7), true));
        assert_eq!(Asked::parse(&["--all"]).unwrap().suites.len(), suite::ALL.len());
        assert!(Asked::parse(&["--repeats"]).is_err());
        assert!(Asked::parse(&["--repeats", "0"]).is_err());
        assert!(Asked::parse(&["nonsense"]).is_err());
        assert!(suite::ALL.iter().all(|(name, ..)| HELP.contains(name)));
    }
}
