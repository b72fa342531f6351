//! What is wrong with a setting, and where it stands.

use crate::Error;
use std::fmt;
use std::path::Path;

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    /// In the file: line and column, from 1.
    File { line: usize, column: usize },
    /// In the environment variable of this name.
    Variable(String),
}

impl Place {
    /// For messages: `chaos.toml:3:5`, or the variable's name.
    pub(crate) fn named(&self, path: &Path) -> String {
        match self {
            Self::File { line, column } => format!("{}:{line}:{column}", path.display()),
            Self::Variable(name) => name.clone(),
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// What is wrong with a value, and the way out. Never quotes the value, which may be a secret.
#[derive(Debug, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    pub(crate) fn at(self, place: Place) -> Problem {
        Problem { place, wrong: self }
    }
}

/// The form in which it passes through the parser.
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{HELP}{}", self.message, self.help)
    }
}

/// Parts a message from the way out.
pub(super) const HELP: &str = "\nhelp: ";

/// What is wrong with a file or with the variables that outrank it, and where.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    place: Place,
    wrong: Wrong,
}

impl Problem {
    pub(crate) fn in_file(self, path: &Path) -> Error {
        let Self { place, wrong: Wrong { message, help } } = self;
        Error::new(format!("{}: {message}", place.named(path))).help(help)
    }
}
