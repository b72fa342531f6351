//! A disk that can be filled: a small file system in memory under a home's directories.

use crate::home::Home;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// Mounted over everything in a [`Home`]; unmounted when it is dropped. Needs the right to mount.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one.
    ///
    /// # Panics
    /// Where this user may not mount.
    pub fn on(home: &Home) -> Self {
        let path = home.path().to_owned();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "chaos-tests"]).arg(&path);
        let done = mount.status().expect("`mount` is everywhere");
        assert!(done.success(), "this user may not mount; run these tests as root");
        std::fs::create_dir(home.tmp()).expect("it is empty");
        Self { path }
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        let mut file = std::fs::File::create(self.ballast()).expect("names cost nothing");
        for size in [65_536, 4_096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Makes room again.
    pub fn empty(self) -> Self {
        let _ = std::fs::remove_file(self.ballast());
        self
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: something may still stand in it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}
