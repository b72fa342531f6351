//! The undo of a fault: a recipe that survives the process, and what runs while the process lives.

use super::aws::{AwsPlace, AwsStep};
use super::containers::ContainerStep;
use super::run::Remark;
use crate::Result;
use crate::secret::{found_in, redact};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a fault ends. Must be idempotent: it may run although the fault never started, or has ended already.
#[must_use]
#[derive(Clone)]
pub struct Undo {
    pub(crate) recipe: Recipe,
    pub(crate) live: Option<LiveUndo>,
    /// It runs when all others are done: the end of a target, on which faults may still have to be undone.
    pub(crate) last: bool,
    /// It undoes several parts, and tries each of them again by itself.
    pub(crate) composed: bool,
}

/// The undo as it runs in the process that injected the fault. May be called again if it fails.
pub(crate) type LiveUndo = Arc<dyn Fn() -> BoxFuture<'static, Result<Remark>> + Send + Sync>;

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
    /// Give every process whose environment carries `CHAOS_CHILD=<token>` the soft limit that it had (Linux).
    LimitMarked {
        /// The token.
        token: String,
        /// Of what.
        resource: Limited,
        /// The limit of those that are not listed: they were born since. `None`: no limit.
        soft: Option<u64>,
        /// Those that were there before, each with its own.
        before: Vec<LimitBefore>,
    },
    /// Move the processes of a control group to another one, and remove it (Linux).
    LeaveGroup {
        /// The group's directory.
        #[serde(with = "super::path_text")]
        path: PathBuf,
        /// The directory of the group from which they came.
        #[serde(with = "super::path_text")]
        home: PathBuf,
    },
    /// Unmount the small disk that is mounted on a directory, and remove the directory (Linux).
    Unmount {
        /// The directory.
        #[serde(with = "super::path_text")]
        path: PathBuf,
    },
    /// Write a text file that is read while it is written; one that is gone stays so.
    WriteFile {
        /// Absolute path.
        #[serde(with = "super::path_text")]
        path: PathBuf,
        /// All of what it is to hold.
        text: String,
    },
    /// Steps on containers, at the same time (feature `docker`).
    Containers {
        /// The engine, if another than this process' own: as in `DOCKER_HOST`.
        #[serde(default)]
        engine: Option<String>,
        /// What is done.
        steps: Vec<ContainerStep>,
    },
    /// Steps in an AWS account, one after the other (feature `aws`).
    Aws {
        /// The account and the region.
        place: AwsPlace,
        /// What is done.
        steps: Vec<AwsStep>,
    },
    /// Several recipes, one after the other, the last one first: what was injected last is undone first. One that fails
    /// keeps none of the others from being run.
    All {
        /// In the order of the injections.
        recipes: Vec<Recipe>,
    },
}

/// What of a process can be limited while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Limited {
    /// File descriptors (`RLIMIT_NOFILE`).
    Descriptors,
    /// Memory that is its own and can be written, touched or not (`RLIMIT_DATA`).
    Data,
}

impl Limited {
    /// Its flag of `prlimit`.
    fn flag(self) -> &'static str {
        match self {
            Self::Descriptors => "nofile",
            Self::Data => "data",
        }
    }
}

/// A process and the soft limit that it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LimitBefore {
    /// The process.
    pub process: Leader,
    /// Its limit. `None`: no limit.
    pub soft: Option<u64>,
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
        Self::from_recipe(Recipe::Nothing)
    }

    /// A command that ends the harm, also when it is replayed after a crash.
    pub fn command<A: Into<String>>(program: impl Into<String>, args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self::from_recipe(Recipe::Command { program: program.into(), args })
    }

    /// Removes a file or a directory tree.
    pub fn remove(path: impl Into<PathBuf>) -> Self {
        Self::from_recipe(Recipe::Remove { path: path.into() })
    }

    /// For harm that lives in this process only and so dies with it; `what` is for reports.
    pub fn in_process<F, Fut>(what: impl Into<String>, undo: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self::from_recipe(Recipe::InProcess { what: what.into() }).live(undo)
    }

    /// Runs `undo` instead of the recipe while this process lives; the recipe is for after a crash.
    pub fn live<F, Fut>(mut self, undo: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.live = Some(Arc::new(move || {
            let undone = undo();
            Box::pin(async move { undone.await.map(|()| None) })
        }));
        self
    }

    /// The undo of a composed fault: `undo` undoes its parts, and tries each again that fails.
    pub(crate) fn composed<F, Fut>(recipes: Vec<Recipe>, undo: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Remark>> + Send + 'static,
    {
        Self {
            live: Some(Arc::new(move || Box::pin(undo()))),
            composed: true,
            ..Self::from_recipe(Recipe::all(recipes))
        }
    }

    /// The part that survives the process.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    pub(crate) fn from_recipe(recipe: Recipe) -> Self {
        Self { recipe, live: None, last: false, composed: false }
    }

    /// Runs when all undos but those of this kind are done.
    #[cfg(any(test, unix, feature = "docker"))]
    pub(crate) fn last(mut self) -> Self {
        self.last = true;
        self
    }
}

impl fmt::Debug for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undo").field("recipe", &self.recipe).field("live", &self.live.is_some()).finish()
    }
}

impl Recipe {
    /// All of these, as flat as can be.
    pub(crate) fn all(recipes: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(recipes.len());
        for recipe in recipes {
            match recipe {
                Self::Nothing => {}
                Self::All { recipes } => flat.extend(recipes),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::Nothing,
            1 => flat.remove(0),
            _ => Self::All { recipes: flat },
        }
    }

    /// What to do by hand, secrets included.
    fn in_words(&self) -> String {
        match self {
            Self::Nothing => "nothing: it ends by itself".to_owned(),
            Self::InProcess { what } => format!("{what} (ended with the test process)"),
            Self::Command { program, args } => args.iter().fold(program.clone(), |line, arg| line + " " + arg),
            Self::Remove { path } => format!("rm -rf {}", path.display()),
            Self::KillMarked { token, .. } => {
                format!("kill every process with CHAOS_CHILD={token} in its environment")
            }
            Self::SignalMarked { token, signal, .. } => {
                format!("send signal {signal} to every process with CHAOS_CHILD={token} in its environment")
            }
            Self::LimitMarked { token, resource, soft, before } => {
                let named = |soft: &Option<u64>| soft.map_or("unlimited".to_owned(), |soft| soft.to_string());
                let flag = resource.flag();
                let set = |pid: &str, soft| format!("prlimit --pid {pid} --{flag}={}:", named(soft));
                let known = before.iter().map(|one| set(&one.process.pid.to_string(), &one.soft));
                let others = format!("every other process with CHAOS_CHILD={token} in its environment");
                known.chain([set(&format!("<{others}>"), soft)]).collect::<Vec<_>>().join("; ")
            }
            Self::LeaveGroup { path, home } => {
                let (path, home) = (path.display(), home.display());
                format!("for p in $(cat {path}/cgroup.procs); do echo $p > {home}/cgroup.procs; done; rmdir {path}")
            }
            Self::Unmount { path } => format!("umount {0}; rmdir {0}", path.display()),
            Self::WriteFile { path, text } => format!("echo '{}' > {}", text.trim_end(), path.display()),
            Self::Containers { engine, steps } => {
                let on = engine.as_ref().map(|engine| format!("export DOCKER_HOST={engine}; ")).unwrap_or_default();
                on + &steps.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            Self::Aws { place, steps } => {
                format!("{place}: {}", steps.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
            Self::All { recipes } => recipes.iter().rev().map(Self::in_words).collect::<Vec<_>>().join("; then "),
        }
    }

    /// The secrets in it.
    pub(super) fn secrets(&self) -> Vec<String> {
        found_in(&self.in_words())
    }

    /// What to do by hand, without secrets. `file` is the ledger file in which it stands whole, if that stays.
    pub(super) fn by_hand(&self, file: Option<&Path>) -> String {
        match (redact(&self.in_words()), file) {
            (Cow::Owned(words), Some(file)) => format!("{words} (the whole command stands in `{}`)", file.display()),
            (words, _) => words.into_owned(),
        }
    }
}

impl fmt::Display for Recipe {
    /// What to do by hand, without [secrets](crate::secret).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.by_hand(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_done_by_hand_shows_no_secret_and_says_where_the_command_stands() {
        let undo = Undo::command("psql", ["postgres://ann:s3cret@db/orders", "-c", "drop rule r"]);
        let shown = "psql postgres://ann:[redacted]@db/orders -c drop rule r";
        assert_eq!(undo.recipe.to_string(), shown);
        let file = Path::new("/undo/1.jsonl");
        assert_eq!(undo.recipe.by_hand(Some(file)), format!("{shown} (the whole command stands in `/undo/1.jsonl`)"));
        let plain = Undo::command("ip", ["link", "set", "eth0", "up"]);
        assert_eq!(plain.recipe.by_hand(Some(file)), "ip link set eth0 up");
    }
}
