//! What one run of a contestant has measured: values by name, as `name=value` on a line of a process of ours.

use std::collections::BTreeMap;
use std::fmt;

/// Values by name; the name ends in the unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reading(BTreeMap<String, f64>);

impl Reading {
    pub(crate) fn with(mut self, name: &str, value: f64) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// The last line that has any; an error is a line that says what is wrong: `failed: 3 errors`.
    pub(crate) fn parse(output: &str) -> Result<Self, String> {
        if let Some(failure) = output.lines().find_map(|line| line.strip_prefix("failed: ")) {
            return Err(failure.to_owned());
        }
        let line = output.lines().rfind(|line| line.contains('=')).ok_or("it printed no figures")?;
        let pair = |word: &str| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        line.split_whitespace().map(pair).collect::<Option<_>>().map(Self).ok_or(format!("no figures: {line}"))
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        let reading = Reading::default().with("per_second", 79_442.25).with("cpu_us", 12.5);
        assert_eq!(Reading::parse(&format!("started\n{reading}\n")), Ok(reading));
    }

    #[test]
    fn a_failure_outranks_figures() {
        assert_eq!(Reading::parse("failed: 3 errors\nper_second=1"), Err("3 errors".to_owned()));
        assert!(Reading::parse("").is_err());
        assert!(Reading::parse("a=b").is_err());
    }
}
