//! Carrying out an undo: one attempt of a recipe, and the attempts of one undo.

use super::undo::{Recipe, Undo};
use crate::secret::redact;
use crate::{Error, Result};
use futures_util::future::BoxFuture;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// How long one attempt may take.
pub(crate) const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);

/// The pauses between the attempts: one attempt more than there are pauses.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// How much of a failed command's standard error is shown, in bytes.
const STDERR_TAIL: usize = 1_000;

/// How much more of it is kept, so that a secret that begins before the shown part is found whole.
const STDERR_BEFORE: usize = 4_000;

/// How long a composed fault's undo may wait until the injection of a part has ended.
pub(crate) const COMPOSER_LIMIT: Duration = Duration::from_secs(5);

/// What is worth knowing about an undo that succeeded: that its target was gone already.
pub(crate) type Remark = Option<String>;

/// Runs an undo until it succeeds, three times at most. Returns the attempts and the last error.
///
/// The last attempt follows the recipe if there is one that means something outside this process: a
/// closure that failed twice fails a third time, a command may not. Must run on a tokio runtime.
pub(crate) async fn carry_out(undo: &Undo) -> (u32, Result<Remark>) {
    if undo.composed {
        // Its parts that failed were tried again one by one; the others must not be undone twice.
        return (1, attempt(undo, false).await);
    }
    let mut attempts = 0;
    loop {
        attempts += 1;
        let pause = PAUSES.get(attempts as usize - 1);
        let by_recipe = undo.live.is_none() || (pause.is_none() && undo.recipe.outlives_process());
        let outcome = attempt(undo, by_recipe).await;
        match pause {
            Some(pause) if outcome.is_err() => tokio::time::sleep(*pause).await,
            _ => return (attempts, outcome),
        }
    }
}

impl Recipe {
    /// How long one attempt may take.
    fn attempt_limit(&self) -> Duration {
        match self {
            // It waits for the end of an experiment, and for the end of throttling.
            Self::Aws { .. } => Duration::from_secs(300),
            Self::All { recipes } => recipes.iter().map(Self::attempt_limit).sum(),
            _ => ATTEMPT_LIMIT,
        }
    }
}

impl Undo {
    /// How long one attempt may take.
    fn attempt_limit(&self) -> Duration {
        let limit = self.recipe.attempt_limit();
        let attempts = PAUSES.len() as u32 + 1;
        let pauses: Duration = PAUSES.iter().sum();
        if self.composed { COMPOSER_LIMIT + (limit + pauses) * attempts } else { limit }
    }
}

/// One attempt, bounded, on a task of its own: a panic ends the task, not the rollback.
async fn attempt(undo: &Undo, by_recipe: bool) -> Result<Remark> {
    let mut task = match &undo.live {
        Some(live) if !by_recipe => {
            let live = live.clone();
            tokio::spawn(async move { live().await })
        }
        _ => {
            let recipe = undo.recipe.clone();
            tokio::spawn(async move { recipe.run().await })
        }
    };
    let limit = undo.attempt_limit();
    match tokio::time::timeout(limit, &mut task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(Error::new(format!("the undo panicked{}", panic_text(error)))),
        Err(_) => {
            task.abort();
            Err(Error::new(format!("the undo did not end within {} s", limit.as_secs())))
        }
    }
}

fn panic_text(error: tokio::task::JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else { return String::new() };
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).map(|text| format!(": {text}")).unwrap_or_default()
}

impl Recipe {
    /// Whether it means something to another process.
    pub(super) fn outlives_process(&self) -> bool {
        match self {
            Self::Nothing | Self::InProcess { .. } => false,
            Self::All { recipes } => recipes.iter().any(Self::outlives_process),
            _ => true,
        }
    }

    /// Does what it says. Needs a tokio runtime.
    pub(crate) async fn run(&self) -> Result<Remark> {
        match self {
            Self::Nothing | Self::InProcess { .. } => Ok(()),
            Self::Command { program, args } => run_command(program, args).await,
            Self::Containers { engine, steps } => return super::containers::run(engine.as_deref(), steps).await,
            Self::Aws { place, steps } => return super::aws::run(place, steps).await,
            Self::All { recipes } => return run_all(recipes).await,
            Self::Remove { path } => {
                let path = path.clone();
                blocking(move || remove(&path)).await
            }
            #[cfg(unix)]
            Self::KillMarked { token, leaders } => {
                let marked = super::marked::Marked::new(token, leaders);
                marked.kill().await
            }
            #[cfg(unix)]
            Self::SignalMarked { token, signal, leaders } => {
                let marked = super::marked::Marked::new(token, leaders);
                let signal = *signal;
                blocking(move || marked.signal(signal).map(drop)).await
            }
            #[cfg(target_os = "linux")]
            Self::LimitMarked { token, resource, soft, before } => {
                let (token, resource, soft, before) = (token.clone(), *resource, *soft, before.clone());
                blocking(move || super::limits::restore(&token, resource, soft, &before)).await
            }
            #[cfg(target_os = "linux")]
            Self::LeaveGroup { path, home } => {
                let (path, home) = (path.clone(), home.clone());
                blocking(move || super::group::leave(&path, &home)).await
            }
            #[cfg(target_os = "linux")]
            Self::Unmount { path } => {
                let path = path.clone();
                blocking(move || super::mounted::unmount(&path)).await
            }
            #[cfg(not(target_os = "linux"))]
            Self::LimitMarked { .. } | Self::LeaveGroup { .. } | Self::Unmount { .. } => {
                Err(Error::new("limits, control groups and small disks are undone on Linux only"))
            }
            Self::WriteFile { path, text } => {
                let (path, text) = (path.clone(), text.clone());
                blocking(move || write(&path, &text)).await
            }
            #[cfg(not(unix))]
            Self::KillMarked { .. } | Self::SignalMarked { .. } => {
                Err(Error::new("processes can be found by their mark on unix only"))
            }
        }
        .map(|()| None)
    }
}

/// The last one first. Boxed, as a recipe may hold recipes.
fn run_all(recipes: &[Recipe]) -> BoxFuture<'_, Result<Remark>> {
    Box::pin(async move {
        let mut outcomes = Vec::with_capacity(recipes.len());
        for recipe in recipes.iter().rev() {
            outcomes.push(recipe.run().await);
        }
        sum_up(outcomes)
    })
}

/// What came of several undos: all that failed, or all that is worth knowing.
pub(crate) fn sum_up(outcomes: Vec<Result<Remark>>) -> Result<Remark> {
    let (mut remarks, mut errors) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(remark) => remarks.extend(remark),
            Err(error) => errors.push(error),
        }
    }
    match errors.len() {
        0 => Ok((!remarks.is_empty()).then(|| remarks.join("; "))),
        1 => Err(errors.remove(0)),
        _ => Err(Error::new(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))),
    }
}

async fn blocking(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::new("an undo's thread panicked").caused_by(error))?
}

fn remove(path: &Path) -> Result<()> {
    // The root and relative paths (which mean something else in another working directory) are mistakes.
    if !path.is_absolute() || path.parent().is_none() {
        return Err(Error::new(format!("refusing to remove `{}`", path.display()))
            .help("an undo removes absolute paths below the root only"));
    }
    let removed = match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::new(format!("failed to remove `{}`", path.display())).caused_by(error))
        }
        _ => Ok(()),
    }
}

/// Whoever reads it meanwhile sees the old text or the new one.
fn write(path: &Path, text: &str) -> Result<()> {
    if !path.is_absolute() {
        return Err(Error::new(format!("refusing to write `{}`", path.display())).help("an undo needs absolute paths"));
    }
    if !path.exists() {
        return Ok(());
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| Error::new(format!("failed to write `{}`", path.display())).caused_by(error))
}

async fn run_command(program: &str, args: &[String]) -> Result<()> {
    let mut command = tokio::process::Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    // Out of the terminal's foreground group: Ctrl-C must not kill the rollback that it asks for.
    #[cfg(unix)]
    command.process_group(0);
    let mut child =
        command.spawn().map_err(|error| Error::new(format!("failed to start `{program}`")).caused_by(error))?;
    let mut tail = Vec::new();
    let mut stderr = child.stderr.take().ok_or_else(|| Error::new(format!("`{program}` has no standard error")))?;
    let status = {
        let reading = async {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = stderr.read(&mut chunk).await {
                tail.extend_from_slice(&chunk[..n]);
                tail.drain(..tail.len().saturating_sub(STDERR_BEFORE + STDERR_TAIL));
            }
        };
        tokio::pin!(reading);
        let mut read_all = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                () = &mut reading, if !read_all => read_all = true,
            }
        };
        // What it started in the background may hold its standard error open for ever.
        if !read_all {
            let _ = tokio::time::timeout(Duration::from_millis(200), reading).await;
        }
        status.map_err(|error| Error::new(format!("failed to wait for `{program}`")).caused_by(error))?
    };
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&tail);
    let said = redact(said.trim());
    let from = said.len().saturating_sub(STDERR_TAIL);
    let from = (from..said.len()).find(|at| said.is_char_boundary(*at)).unwrap_or(from);
    let said = said[from..].trim_start();
    Err(Error::new(format!("`{program}` ended with {status}{}{said}", if said.is_empty() { "" } else { ": " })))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn command(script: &str) -> Recipe {
        Recipe::Command { program: "sh".into(), args: vec!["-c".into(), script.into()] }
    }

    #[tokio::test]
    async fn a_command_is_judged_by_its_status() {
        command("exit 0").run().await.unwrap();
        let error = command("echo first >&2; echo 'no such rule' >&2; exit 3").run().await.unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("no such rule"), "{error}");
        let error = Recipe::Command { program: "no-such-program-here".into(), args: vec![] }.run().await.unwrap_err();
        assert!(error.to_string().contains("no-such-program-here"), "{error}");
    }

    #[tokio::test]
    async fn a_command_that_leaves_something_behind_does_not_hang() {
        // The sleeper inherits standard error; only its own end would close it.
        tokio::time::timeout(Duration::from_secs(30), command("sleep 31 & exit 0").run()).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn only_the_tail_of_a_long_complaint_is_kept() {
        let error = command("head -c 100000 /dev/zero | tr '\\0' x >&2; echo END >&2; exit 1").run().await.unwrap_err();
        let text = error.to_string();
        assert!(text.ends_with("END") && text.len() < 1_200, "{}", text.len());
    }

    #[tokio::test]
    async fn a_secret_is_not_cut_in_two_by_the_start_of_the_tail() {
        let secret = crate::Secret::new("abcdefgh".repeat(20));
        let script = format!("echo before {} >&2; head -c 900 /dev/zero | tr '\\0' x >&2; exit 1", secret.expose());
        let text = command(&script).run().await.unwrap_err().to_string();
        assert!(text.contains("[redacted]") && !text.contains("efgh"), "{text}");
    }

    #[tokio::test]
    async fn a_file_is_written_anew_and_one_that_is_gone_stays_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clock");
        let recipe = Recipe::WriteFile { path: path.clone(), text: "+0\n".into() };
        recipe.run().await.unwrap();
        assert!(!path.exists());
        std::fs::write(&path, "+3600\n").unwrap();
        recipe.run().await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "+0\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        let relative = Recipe::WriteFile { path: "clock".into(), text: String::new() };
        assert!(relative.run().await.unwrap_err().message().contains("refusing"));
    }

    #[tokio::test]
    async fn remove_takes_files_and_trees_and_does_not_mind_their_absence() {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        std::fs::create_dir_all(tree.join("deep")).unwrap();
        std::fs::write(tree.join("deep/file"), "x").unwrap();
        let recipe = Recipe::Remove { path: tree.clone() };
        recipe.run().await.unwrap();
        assert!(!tree.exists());
        recipe.run().await.unwrap();
        for refused in ["/", "relative/path"] {
            let error = Recipe::Remove { path: refused.into() }.run().await.unwrap_err();
            assert!(error.message().contains("refusing"), "{error}");
        }
    }
}
