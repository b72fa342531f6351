//! Files of a container: written through the engine, removed from beside it.

use super::engine::Engine;
use super::exec::exec;
use super::helper::{Helper, run_beside};
use super::label::OWNER;
use super::removal::remove_container;
use super::state::State;
use super::undo::{Remark, gone};
use crate::rollback::{Beside, FileSystem};
use crate::sys::Owner;
use crate::{Error, Result};
use bytes::Bytes;
use std::collections::HashMap;
use testcontainers::bollard::body_full;
use testcontainers::bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, UploadToContainerOptionsBuilder};

/// Writes a small text file into a container that exists, running or not. Its directory must be there.
pub(crate) async fn write(engine: &Engine, id: &str, path: &str, text: &str) -> Result<()> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let directory = if directory.is_empty() { "/" } else { directory };
    let options = UploadToContainerOptionsBuilder::new().path(directory).build();
    let body = body_full(Bytes::from(archive(name, text)?));
    let write = engine.docker().upload_to_container(id, Some(options), body);
    Ok(engine.call(format!("write {path} in container {id}"), write).await?)
}

/// The step of an undo: writes it, unless the container is gone.
pub(super) async fn write_again(engine: &Engine, id: &str, path: &str, text: &str) -> Result<Remark> {
    let Err(error) = write(engine, id, path, text).await else { return Ok(None) };
    if State::of(engine, id).await?.is_none() { Ok(Some(gone(id))) } else { Err(error) }
}

/// The step of an undo: a file that was made in a container is gone afterwards, whatever became of the container.
pub(super) async fn remove(engine: &Engine, id: &str, path: &str, on: &FileSystem, image: &str) -> Result<Remark> {
    let state = State::of(engine, id).await?;
    if let Some(running) = state.as_ref().filter(|state| state.running) {
        let removed = run_beside(engine, running, Beside::Files, image, &format!("rm -f '/proc/1/root{path}'")).await;
        // It may have ended in the meantime.
        let still = State::of(engine, id).await?.is_some_and(|now| now.running && now.started_at == running.started_at);
        if removed.is_ok() || still {
            return removed.map(|()| None);
        }
    }
    match on {
        FileSystem::Memory => Ok(Some("what was in the container's memory ended with it".to_owned())),
        FileSystem::Volume { source, at } => {
            let inside = path.strip_prefix(at.as_str()).unwrap_or(path);
            remove_in_volume(engine, source, inside, image).await
        }
        FileSystem::Layer => empty(engine, id, path).await,
    }
}

/// In a container that has ended nothing can be removed, only replaced: by an empty file.
async fn empty(engine: &Engine, id: &str, path: &str) -> Result<Remark> {
    let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
    let info = engine.docker().get_container_archive_info(id, Some(options));
    match engine.call(format!("look at {path} in container {id}"), info).await {
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error.into()),
        Ok(_) => {
            let remark = format!(
                "container {} had ended meanwhile, so {path} in it is empty instead of gone",
                &id[..id.len().min(12)]
            );
            Ok(write_again(engine, id, path, "").await?.or(Some(remark)))
        }
    }
}

async fn remove_in_volume(engine: &Engine, source: &str, path: &str, image: &str) -> Result<Remark> {
    // To start a container with a volume that is gone would make it again.
    if !source.starts_with('/') {
        match engine.call(format!("inspect volume {source}"), engine.docker().inspect_volume(source)).await {
            Err(error) if error.is_missing() => return Ok(Some(format!("volume {source} was removed meanwhile"))),
            found => drop(found?),
        }
    }
    let labels = HashMap::from([(OWNER.to_owned(), Owner::current().to_string())]);
    let helper = Helper::on_volume(image, labels, source).await?;
    let command = ["rm", "-f", &format!("/volume{path}")].map(str::to_owned);
    let removed = exec(engine, &helper, &command).await;
    remove_container(engine, &helper).await?;
    removed?
        .success()
        .map(|_| None)
        .map_err(|error| Error::new(format!("{path} of volume {source}: {}", error.message())))
}

/// A tar archive of one file, which anybody may read.
fn archive(name: &str, text: &str) -> Result<Vec<u8>> {
    let failed = |error| Error::new(format!("no archive can be made of a file named `{name}`")).caused_by(error);
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, name, text.as_bytes()).map_err(failed)?;
    archive.into_inner().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_read_by_tar_whatever_the_length_of_the_name() {
        for name in ["clock".to_owned(), "long-".repeat(40)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("archive.tar");
            std::fs::write(&path, archive(&name, "+3600\n").unwrap()).unwrap();
            let tar = std::process::Command::new("tar").arg("-xOf").arg(&path).arg(&name).output().unwrap();
            assert_eq!((tar.status.success(), &*tar.stdout), (true, "+3600\n".as_bytes()), "{tar:?}");
        }
    }
}
