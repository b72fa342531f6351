//! The undo of a fault: a recipe that survives the process, and what runs while the process lives.

use crate::Result;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

/// How a fault ends. Must be idempotent: it may run although the fault never started, or has ended already.
#[must_use]
#[derive(Clone)]
pub struct Undo {
    pub(crate) recipe: Recipe,
    pub(crate) live: Option<LiveUndo>,
}

/// The undo as it runs in the process that injected the fault. May be called again if it fails.
pub(crate) type LiveUndo = Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// An undo as data, as it stands in the rollback ledger. Replayed by the next run after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Recipe {
    /// The harm ends by itself.
    Nothing,
    /// The harm lives in the memory of the process that did it and is gone with it.
    InProcess {
        /// What is undone, in words.
        what: String,
    },
    /// A command; exit status 0 means undone.
    Command {
        /// The program, looked up in `PATH`.
        program: String,
        /// Its arguments.
        args: Vec<String>,
    },
    /// Remove a file or a directory tree; missing is fine.
    Remove {
        /// Absolute path.
        #[serde(with = "super::path_text")]
        path: PathBuf,
    },
    /// Kill every process whose environment carries `CHAOS_CHILD=<token>`, with its process group.
    KillMarked {
        /// The token.
        token: String,
        /// The process groups that were started, for processes that can't be found by their environment.
        #[serde(default)]
        leaders: Vec<Leader>,
    },
    /// Send a signal to every process whose environment carries `CHAOS_CHILD=<token>`.
    SignalMarked {
        /// The token.
        token: String,
        /// The signal's number.
        signal: i32,
        /// The process groups that were started, for processes that can't be found by their environment.
        #[serde(default)]
        leaders: Vec<Leader>,
    },
}

/// The first process of a process group, told apart from later ones with the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Leader {
    /// Its id, which is the group's too.
    pub pid: u32,
    /// When it was started, in whatever words the system has for it; only good for comparing.
    pub started: String,
}

impl Undo {
    /// For a fault that ends by itself.
    pub fn nothing() -> Self {
        Self { recipe: Recipe::Nothing, live: None }
    }

    /// A command that ends the harm, also when it is replayed after a crash.
    pub fn command<A: Into<String>>(program: impl Into<String>, args: impl IntoIterator<Item = A>) -> Self {
        Self {
            recipe: Recipe::Command { program: program.into(), args: args.into_iter().map(Into::into).collect() },
            live: None,
        }
    }

    /// Removes a file or a directory tree.
    pub fn remove(path: impl Into<PathBuf>) -> Self {
        Self { recipe: Recipe::Remove { path: path.into() }, live: None }
    }

    /// For harm that lives in this process only and so dies with it; `what` is for reports.
    pub fn in_process<F, Fut>(what: impl Into<String>, undo: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self { recipe: Recipe::InProcess { what: what.into() }, live: None }.live(undo)
    }

    /// Runs `undo` instead of the recipe while this process lives; the recipe is for after a crash.
    pub fn live<F, Fut>(mut self, undo: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.live = Some(Arc::new(move || Box::pin(undo())));
        self
    }

    /// The part that survives the process.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    pub(crate) fn from_recipe(recipe: Recipe) -> Self {
        Self { recipe, live: None }
    }
}

impl fmt::Debug for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undo").field("recipe", &self.recipe).field("live", &self.live.is_some()).finish()
    }
}

impl fmt::Display for Recipe {
    /// What to do by hand.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing: it ends by itself"),
            Self::InProcess { what } => write!(f, "{what} (ended with the test process)"),
            Self::Command { program, args } => {
                f.write_str(program)?;
                args.iter().try_for_each(|arg| write!(f, " {arg}"))
            }
            Self::Remove { path } => write!(f, "rm -rf {}", path.display()),
            Self::KillMarked { token, .. } => {
                write!(f, "kill every process with CHAOS_CHILD={token} in its environment")
            }
            Self::SignalMarked { token, signal, .. } => {
                write!(f, "send signal {signal} to every process with CHAOS_CHILD={token} in its environment")
            }
        }
    }
}
