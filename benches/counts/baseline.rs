//! The counts that were agreed on, and how others compare with them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// By how many percent a count may rise before it is an error, or fall before the baseline is out of date.
const TOLERANCE: u64 = 5;

pub(crate) const HOW_TO_CHANGE: &str = "error: a hot path takes more instructions than agreed on\n\
    help: find out why; if it is worth it, benches/counts/check --update, and say why in the commit";

/// Instructions per operation by workload, as one compiler made them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Baseline {
    pub(crate) rustc: String,
    pub(crate) counts: BTreeMap<String, u64>,
}

/// What came of a comparison.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) report: String,
    pub(crate) risen: bool,
}

impl Baseline {
    /// An empty one if there is no such file.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).map_err(|error| format!("{}: {error}", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let rustc = table.get("rustc").and_then(toml::Value::as_str).ok_or("`rustc` is missing")?.to_owned();
        let counts = table.get("instructions_per_operation").and_then(toml::Value::as_table);
        let count = |(name, value): (&String, &toml::Value)| {
            let count = value.as_integer().and_then(|count| u64::try_from(count).ok());
            Ok((name.clone(), count.ok_or(format!("`{name}` is no count"))?))
        };
        let counts = counts.ok_or("`[instructions_per_operation]` is missing")?.iter().map(count);
        Ok(Self { rustc, counts: counts.collect::<Result<_, String>>()? })
    }

    fn text(&self) -> String {
        let mut text = String::from(
            "# Instructions per operation on the hot paths. Changed on purpose only: benches/counts/check --update\n",
        );
        let _ = writeln!(text, "rustc = \"{}\"\n\n[instructions_per_operation]", self.rustc);
        for (name, count) in &self.counts {
            let _ = writeln!(text, "{name} = {count}");
        }
        text
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), String> {
        std::fs::write(file, self.text()).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// How these counts compare with the baseline.
    pub(crate) fn compare(&self, counted: &Self) -> Verdict {
        let (mut report, mut risen) = (String::new(), false);
        for (name, count) in &counted.counts {
            let Some(agreed) = self.counts.get(name) else {
                let _ = writeln!(report, "{name}: {count} instructions per operation; not in the baseline");
                risen = true;
                continue;
            };
            let remark = if count * 100 > agreed * (100 + TOLERANCE) {
                risen = true;
                "ROSE by more than 5 %"
            } else if count * 100 < agreed * (100 - TOLERANCE) {
                "warning: fell by more than 5 %; keep it so: benches/counts/check --update"
            } else {
                "as agreed on"
            };
            let percent = (*count as f64 / *agreed as f64 - 1.0) * 100.0;
            let _ = writeln!(
                report,
                "{name}: {count} instructions per operation, baseline {agreed} ({percent:+.1} %): {remark}"
            );
        }
        for name in self.counts.keys().filter(|name| !counted.counts.contains_key(*name)) {
            let _ = writeln!(report, "warning: {name} is in the baseline and is not counted any more");
        }
        if !self.rustc.is_empty() && self.rustc != counted.rustc {
            let _ = writeln!(
                report,
                "note: this is {}, the baseline is of {}; another compiler makes other instructions",
                counted.rustc, self.rustc
            );
        }
        Verdict { report: report.trim_end().to_owned(), risen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(rustc: &str, count: u64) -> Baseline {
        Baseline { rustc: rustc.to_owned(), counts: [("record".to_owned(), count)].into() }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let baseline = with("rustc 1.95.0", 123);
        assert_eq!(Baseline::parse(&baseline.text()), Ok(baseline));
        assert!(Baseline::parse("rustc = 1").is_err());
        assert!(Baseline::parse("rustc = \"a\"\n[instructions_per_operation]\na = -1").is_err());
    }

    #[test]
    fn only_a_rise_of_more_than_five_percent_fails() {
        for (count, risen, remark) in [(1_050, false, "as agreed on"), (1_051, true, "ROSE"), (940, false, "warning")] {
            let verdict = with("a", 1_000).compare(&with("a", count));
            assert_eq!(verdict.risen, risen, "{count}");
            assert!(verdict.report.contains(remark) && verdict.report.contains("1000"), "{}", verdict.report);
            assert!(!verdict.report.contains("note:"));
        }
    }

    #[test]
    fn what_was_never_agreed_on_fails_and_what_is_gone_is_said() {
        assert!(Baseline::default().compare(&with("a", 1)).risen);
        let verdict = with("a", 1).compare(&Baseline { rustc: "a".to_owned(), ..Baseline::default() });
        assert!(!verdict.risen && verdict.report.contains("not counted any more"));
    }

    #[test]
    fn another_compiler_is_named() {
        assert!(with("old", 9).compare(&with("new", 9)).report.contains("the baseline is of old"));
    }
}
