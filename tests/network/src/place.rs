//! A directory of a server's own.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whom servers run as that refuse to run as root.
const NOBODY: u32 = 65_534;

/// A temporary directory, which ends with this.
#[derive(Debug)]
pub struct Place(tempfile::TempDir);

impl Place {
    /// An empty one that every user may enter and write to.
    ///
    /// # Panics
    /// If there can be none.
    #[allow(clippy::new_without_default)] // It touches the disk.
    pub fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a directory for temporary files"));
        place.open(place.path());
        place
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A directory in it that every user may write to.
    ///
    /// # Panics
    /// If it can't be made.
    pub fn dir(&self, name: &str) -> PathBuf {
        let dir = self.path().join(name);
        std::fs::create_dir_all(&dir).expect("the place is ours");
        self.open(&dir);
        dir
    }

    /// A file in it.
    ///
    /// # Panics
    /// If it can't be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(name);
        std::fs::write(&file, content).expect("the place is ours");
        file
    }

    /// The user that runs this.
    fn owner(&self) -> u32 {
        std::fs::metadata(self.path()).map_or(0, |metadata| metadata.uid())
    }

    fn open(&self, path: &Path) {
        let everybody = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(path, everybody).expect("the place is ours");
    }

    /// A command as an unprivileged user: this one, or nobody instead of root.
    pub fn unprivileged(&self, command: Command) -> Command {
        if self.owner() != 0 {
            return command;
        }
        let mut other = super::program::SETPRIV.command();
        let nobody = NOBODY.to_string();
        other.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups", "--"]);
        other.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => other.env(name, value),
                None => other.env_remove(name),
            };
        }
        other.current_dir(self.path());
        other
    }
}

/// A port of the loopback interface on which nobody listens now.
///
/// # Panics
/// If there is none left.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
