//! What is left, and what became of it.

use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What is left, as `cargo chaos recover --format json` prints it.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub(crate) struct Leftovers {
    /// How many of the items are left: neither undone nor in use.
    pub(super) left: usize,
    /// Whether it was tried to undo them.
    pub(super) undo: bool,
    /// What was found.
    pub(super) items: Vec<Item>,
    /// What else is to be known: places that could not be looked through.
    pub(super) notes: Vec<String>,
}

/// One thing that a chaos test has left.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(crate) struct Item {
    /// Where.
    pub(super) place: PlaceOf,
    /// How things stand with it.
    pub(super) state: State,
    /// What would undo it, in words.
    pub(super) what: String,
    /// What was harmed or made.
    pub(super) target: String,
    /// The test that did it, if that is known.
    pub(super) experiment: Option<String>,
    /// When, in RFC 3339, if that is known.
    pub(super) at: Option<String>,
    /// How to undo it by hand, without secrets.
    pub(super) by_hand: Option<String>,
    /// The ledger file in which it stands.
    pub(super) file: Option<PathBuf>,
    /// Why it is still there, or can't be read.
    pub(super) error: Option<String>,
}

/// Where something is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PlaceOf {
    /// This machine: it stands in an undo ledger.
    Machine,
    /// The container engine.
    #[cfg_attr(not(feature = "docker"), allow(dead_code))]
    Engine,
    /// The AWS account.
    #[cfg_attr(not(feature = "aws"), allow(dead_code))]
    Account,
}

/// How things stand with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Nobody answers for it.
    Left,
    /// It belongs to a process that lives, which undoes it itself.
    InUse,
    /// It was undone just now.
    Undone,
    /// Undoing it failed.
    Failed,
}

impl Leftovers {
    pub(super) fn new(undo: bool) -> Self {
        Self { undo, ..Self::default() }
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub(super) fn counted(mut self) -> Self {
        self.left = self.items.iter().filter(|item| matches!(item.state, State::Left | State::Failed)).count();
        self
    }
}

impl fmt::Display for Leftovers {
    /// For people, a paragraph for each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in &self.items {
            let state = match item.state {
                State::Left => "left",
                State::InUse => "in use",
                State::Undone => "undone",
                State::Failed => "STILL THERE",
            };
            write!(f, "{state}: {} on {}", item.what, item.target)?;
            if let Some(experiment) = &item.experiment {
                write!(f, ", by {experiment}")?;
            }
            if let Some(at) = &item.at {
                write!(f, " at {at}")?;
            }
            writeln!(f)?;
            if let Some(error) = &item.error {
                writeln!(f, "  why      {error}")?;
            }
            if let (State::Left | State::Failed, Some(by_hand)) = (item.state, &item.by_hand) {
                writeln!(f, "  by hand  {by_hand}")?;
            }
            if let (State::Left | State::Failed, Some(file)) = (item.state, &item.file) {
                writeln!(f, "  ledger   {}", file.display())?;
            }
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        match (self.left, self.undo) {
            (0, _) => writeln!(f, "nothing is left behind"),
            (n, false) => writeln!(f, "{n} left behind; `cargo chaos recover --undo` undoes it"),
            (n, true) => writeln!(f, "{n} still there: undo by hand what is named above"),
        }
    }
}
