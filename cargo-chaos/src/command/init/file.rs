//! Files that are written where there are none.

use chaos_runtime::{Error, Result};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file of a project, and what it should say.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// What it is for.
    pub(super) what: &'static str,
    /// What a person does where there is another one already.
    pub(super) otherwise: String,
}

/// What there is of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    /// It says just this.
    Same,
    /// It says something else, and stays as it is.
    Other,
}

impl File {
    pub(super) fn there(&self) -> There {
        match std::fs::read(&self.path) {
            Ok(bytes) if bytes == self.text.as_bytes() => There::Same,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.path.is_symlink() => There::Nothing,
            _ => There::Other,
        }
    }

    /// Writes it, and never over another one: not over one either that came into being meanwhile.
    pub(super) fn write(&self) -> Result {
        let failed = |error: io::Error| Error::new(format!("failed to write {}", self.path.display())).caused_by(error);
        std::fs::create_dir_all(self.path.parent().unwrap_or(Path::new(""))).map_err(failed)?;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&self.path).map_err(failed)?;
        file.write_all(self.text.as_bytes()).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let file = File { path: dir.path().join("a/b.txt"), text: "ours".into(), what: "", otherwise: String::new() };
        assert_eq!(file.there(), There::Nothing);
        file.write().unwrap();
        assert_eq!(file.there(), There::Same);
        std::fs::write(&file.path, "theirs").unwrap();
        assert_eq!(file.there(), There::Other);
        file.write().unwrap_err();
        assert_eq!(std::fs::read_to_string(&file.path).unwrap(), "theirs");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nowhere_is_something_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.txt");
        std::os::unix::fs::symlink("/no/such/place", &path).unwrap();
        let file = File { path, text: "ours".into(), what: "", otherwise: String::new() };
        assert_eq!(file.there(), There::Other);
        file.write().unwrap_err();
    }
}
