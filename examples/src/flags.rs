//! Command-line flags of the demo binaries: `--port=0 --inventory=127.0.0.1:4000`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// The flags that a program was given.
#[derive(Debug)]
pub struct Flags(BTreeMap<String, String>);

impl Flags {
    /// Reads the command line, on which each of the `known` names may stand.
    ///
    /// # Errors
    /// If there is something else on it.
    pub fn read(known: &[&str]) -> Result<Self, String> {
        Self::parse(std::env::args().skip(1), known)
    }

    fn parse(args: impl Iterator<Item = String>, known: &[&str]) -> Result<Self, String> {
        let mut flags = BTreeMap::new();
        for arg in args {
            let (name, value) = arg.strip_prefix("--").and_then(|arg| arg.split_once('=')).unwrap_or((&arg, ""));
            if !known.contains(&name) {
                let known: Vec<_> = known.iter().map(|name| format!("--{name}=…")).collect();
                return Err(format!("unexpected argument `{arg}`\nhelp: known are {}", known.join(", ")));
            }
            flags.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self(flags))
    }

    /// A flag's value, if it was given.
    ///
    /// # Errors
    /// If it is not of this type.
    pub fn get<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, String> {
        let value = self.0.get(name).map(|value| value.parse());
        value.transpose().map_err(|error| format!("--{name}: {error}"))
    }

    /// A flag's value.
    ///
    /// # Errors
    /// If it was not given, or is not of this type.
    pub fn need<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, String> {
        self.get(name)?.ok_or_else(|| format!("--{name}=… is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Flags, String> {
        Flags::parse(args.iter().map(|arg| (*arg).to_owned()), &["port"])
    }

    #[test]
    fn flags_have_names_and_types() {
        assert_eq!(parse(&["--port=80"]).unwrap().need::<u16>("port"), Ok(80));
        assert_eq!(parse(&[]).unwrap().get::<u16>("port"), Ok(None));
        assert!(parse(&[]).unwrap().need::<u16>("port").unwrap_err().contains("missing"));
        assert!(parse(&["--port=x"]).unwrap().need::<u16>("port").unwrap_err().starts_with("--port: "));
        assert!(parse(&["--ports=1"]).unwrap_err().contains("known are --port=…"));
        assert!(parse(&["80"]).unwrap_err().contains("unexpected argument `80`"));
    }
}
