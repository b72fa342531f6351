//! A full disk.

use super::memory_limit::in_words;
use super::on::{Harm, OnContainers};
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::{Beside, ContainerStep, FileSystem};
use crate::target::Container;
use crate::target::container::{Helper, State};
use crate::{Error, Result};

/// How much is written at most, unless more is allowed.
const AT_MOST: u64 = 1 << 30;

/// See [`ContainerFaults::disk_full`](super::ContainerFaults::disk_full).
#[derive(Debug, Clone)]
pub struct DiskFull {
    path: String,
    at_most: u64,
    filler: Option<Filler>,
}

/// The file that takes the room.
#[derive(Debug, Clone)]
struct Filler {
    helper: Helper,
    path: String,
    on: FileSystem,
}

impl DiskFull {
    pub(super) fn new(path: String) -> Self {
        Self { path, at_most: AT_MOST, filler: None }
    }
}

impl OnContainers<DiskFull> {
    /// How many bytes may be written to fill it; 1 GiB by default. Where more is free, nothing is done and the test
    /// errs: it might be the host's own disk.
    pub fn at_most(self, bytes: u64) -> Self {
        self.with(|full| full.at_most = bytes)
    }
}

impl Harm for DiskFull {
    fn describe(&self) -> String {
        format!("disk full at {}", self.path)
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let path = self.path.trim_end_matches('/');
        if !self.path.starts_with('/') || path.contains(['\'', '\n']) || path.split('/').any(|part| part == "..") {
            return Err(Error::new(format!("`{}` is not an absolute path of a directory", self.path))
                .help("name a directory in the container: `disk_full(\"/var/lib/postgresql/data\")`"));
        }
        let state = container.living().await?;
        let helper = Helper::beside(container, Beside::Files).await?;
        let free = free(&helper, path)
            .await
            .map_err(|error| Error::new(format!("{container} has no directory {}: {}", self.path, error.message())))?;
        if free > self.at_most {
            return Err(Error::new(format!(
                "{} is free at {} of {container}, and at most {} may be written",
                in_words(free),
                self.path,
                in_words(self.at_most)
            ))
            .help("mount something small there, like a tmpfs with a size, or allow more: `.at_most(bytes)`"));
        }
        if free == 0 {
            return Err(Error::new(format!("nothing is free at {} of {container} before the fault", self.path)));
        }
        let name = format!("{path}/.chaos-filler-{:08x}", fastrand::u32(..));
        self.filler = Some(Filler { helper, on: file_system(&state, &name), path: name });
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        let step = |filler: &Filler| ContainerStep::RemoveFile {
            container: container.id().to_owned(),
            path: filler.path.clone(),
            on: filler.on.clone(),
            image: filler.helper.image().to_owned(),
        };
        self.filler.iter().map(step).collect()
    }

    async fn inflict(&mut self, _container: &Container, _cx: &InjectCx) -> Result<()> {
        let Some(filler) = &self.filler else { return Ok(()) };
        // All at once where the file system can; then what is left, lest a block stays.
        let script = format!(
            "f='/proc/1/root{path}'; d=${{f%/*}}\n\
             set -- $(stat -f -c '%a %S' \"$d\"); free=$(($1 * $2)); most={most}\n\
             [ $free -le $most ] || {{ echo \"$free bytes are free, more than the $most allowed\" >&2; exit 1; }}\n\
             fallocate -l $free \"$f\" 2>/dev/null || head -c $free /dev/zero >\"$f\" 2>/dev/null\n\
             head -c 1048576 /dev/zero >>\"$f\" 2>/dev/null; true",
            path = filler.path,
            most = self.at_most,
        );
        filler.helper.run(&script).await.map(drop)
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(filler) = &self.filler else { return Ok(Evidence::none("nothing was written yet")) };
        if filler.helper.is_outdated().await? && filler.on == FileSystem::Memory {
            return Ok(Evidence::none(format!("{container} was started anew, and {} with it", self.path)));
        }
        let helper = Helper::beside(container, Beside::Files).await?;
        let directory = self.path.trim_end_matches('/');
        let free = free(&helper, directory).await?;
        let size = helper.run(&format!("stat -c %s '/proc/1/root{}'", filler.path)).await?;
        let size = in_words(size.trim().parse().unwrap_or_default());
        // A file system may keep less than a block of its own.
        Ok(match free < 4_096 * 4 {
            true => Evidence::seen(format!("{free} bytes free at {}, {size} written", self.path)),
            false => Evidence::none(format!("{} free at {}: somebody made room", in_words(free), self.path)),
        })
    }
}

impl Held for OnContainers<DiskFull> {}

/// How many bytes are free for all.
async fn free(helper: &Helper, directory: &str) -> Result<u64> {
    let said = helper.run(&format!("stat -f -c '%a %S' '/proc/1/root{directory}/'")).await?;
    let numbers: Option<Vec<u64>> = said.split_whitespace().map(|word| word.parse().ok()).collect();
    match numbers.as_deref() {
        Some([blocks, size]) => Ok(blocks.saturating_mul(*size)),
        _ => Err(Error::new(format!("what `stat` says makes no sense: {said}"))),
    }
}

/// What a path of a container is on: the mount that leads furthest to it.
fn file_system(state: &State, path: &str) -> FileSystem {
    let leads = |at: &str| path.strip_prefix(at.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
    let config = state.host_config();
    let memory = config.tmpfs.unwrap_or_default().into_keys().chain(["/dev/shm".to_owned()]);
    let memory = memory.filter(|at| leads(at)).map(|at| (at, FileSystem::Memory));
    let mounts = state.inspected.mounts.clone().unwrap_or_default().into_iter();
    let mounts = mounts.filter_map(|mount| {
        let at = mount.destination.filter(|at| leads(at))?;
        let source = mount.name.filter(|name| !name.is_empty()).or(mount.source).unwrap_or_default();
        let on = if source.is_empty() { FileSystem::Memory } else { FileSystem::Volume { source, at: at.clone() } };
        Some((at, on))
    });
    let furthest = memory.chain(mounts).max_by_key(|(at, _)| at.len());
    furthest.map_or(FileSystem::Layer, |(_, on)| on)
}
