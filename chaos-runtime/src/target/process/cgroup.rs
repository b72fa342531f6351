//! Control groups (cgroups) for child processes, of both versions, where this user may make one.

use crate::rollback::Recipe;
use crate::rollback::group::PREFIX;
use crate::rollback::marked::Marked;
use crate::{Error, Result};
use rustix::fs::{Access, access};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How often processes are looked for that were born while others were moved.
const LOOKS: u32 = 20;

/// Which of the kernel's two interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

/// A group of an experiment's own: decided upon, and made with [`make`](Self::make).
#[derive(Debug, Clone)]
pub(crate) struct Group {
    version: Version,
    path: PathBuf,
    /// Where its processes come from and go back to.
    home: PathBuf,
}

impl Group {
    /// Where a group with this controller (`cpu`, `memory`) can be made for a process. The error is the reason why
    /// not, for a sentence. Nothing is made yet.
    pub(crate) fn find(controller: &str, pid: u32) -> Result<Self, String> {
        let read =
            |path: String| std::fs::read_to_string(&path).map_err(|error| format!("`{path}` can't be read: {error}"));
        let mounts = read("/proc/self/mountinfo".to_owned())?;
        let membership = read(format!("/proc/{pid}/cgroup"))?;
        let (version, mount, home) = locate(&mounts, &membership, controller)?;
        if version == Version::Two && home.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX)) {
            // To leave it would be the end of the other fault: in this version a process is in one group for all.
            return Err("another fault has put it into a cgroup of version 2 already".to_owned());
        }
        let above = match version {
            Version::One => Some(home.as_path()).filter(|home| is_ours(home)),
            // The groups that have processes can't have groups with controllers beneath them, so one further up has to do.
            Version::Two => home
                .ancestors()
                .take_while(|above| above.starts_with(&mount))
                .find(|above| hands_down(above, controller) && is_ours(above)),
        };
        let above = above.ok_or_else(|| match version {
            Version::One => format!("this user may not make a cgroup in `{}`", home.display()),
            Version::Two => format!(
                "at or above `{}` there is no cgroup that hands the controller `{controller}` down and in which this user may make another",
                home.display()
            ),
        })?;
        let path = above.join(format!("{PREFIX}{:016x}", fastrand::u64(..)));
        Ok(Self { version, path, home })
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// In which group it is made.
    pub(crate) fn above(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// How it ends: its processes go back to where they came from.
    pub(crate) fn undo(&self) -> Recipe {
        Recipe::LeaveGroup { path: self.path.clone(), home: self.home.clone() }
    }

    pub(crate) fn make(&self) -> Result<()> {
        std::fs::create_dir(&self.path).map_err(|error| self.failed("make", error))
    }

    /// Sets one of its values. `Ok(false)`: this kernel has no such file.
    pub(crate) fn set(&self, file: &str, value: &str) -> Result<bool> {
        let path = self.path.join(file);
        if !path.exists() {
            return Ok(false);
        }
        std::fs::write(path, value)
            .map(|()| true)
            .map_err(|error| self.failed(&format!("write {value} to {file} of"), error))
    }

    pub(crate) fn read(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.path.join(file)).ok().map(|text| text.trim().to_owned())
    }

    /// A number in one of its files of the kind `name number`, a line each.
    pub(crate) fn counter(&self, file: &str, name: &str) -> Option<u64> {
        self.read(file)?.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
    }

    /// Moves all of them into the group, those that are born meanwhile too. An error if none is left to move.
    pub(crate) fn take_in(&self, processes: &Marked) -> Result<()> {
        for look in 0..LOOKS {
            let inside = self.members();
            let outside: Vec<u32> = processes.find().difference(&inside).copied().collect();
            if outside.is_empty() && (look > 0 || !inside.is_empty()) {
                break;
            }
            for pid in outside {
                self.admit(pid)?;
            }
        }
        if self.members().is_empty() {
            return Err(Error::new(format!(
                "no process is left to be moved to the control group `{}`",
                self.path.display()
            )));
        }
        Ok(())
    }

    /// Moves one process. One that has ended needs no move.
    pub(crate) fn admit(&self, pid: u32) -> Result<()> {
        match std::fs::write(self.path.join("cgroup.procs"), pid.to_string()) {
            Err(error) if error.raw_os_error() != Some(rustix::io::Errno::SRCH.raw_os_error()) => Err(self
                .failed(&format!("move process {pid} to"), error)
                .help("where another program manages this process' cgroup, use the means without one")),
            _ => Ok(()),
        }
    }

    pub(crate) fn members(&self) -> BTreeSet<u32> {
        let members = self.read("cgroup.procs").unwrap_or_default();
        members.lines().filter_map(|line| line.parse().ok()).collect()
    }

    fn failed(&self, what: &str, error: std::io::Error) -> Error {
        Error::new(format!("failed to {what} the control group `{}`", self.path.display())).caused_by(error)
    }
}

/// Whether this user may make a group in it, and move processes out of it or into it.
fn is_ours(group: &Path) -> bool {
    let may = |path: &Path, how| access(path, how).is_ok();
    may(group, Access::WRITE_OK | Access::EXEC_OK) && may(&group.join("cgroup.procs"), Access::WRITE_OK)
}

/// Version 2: whether groups in it get this controller.
fn hands_down(group: &Path, controller: &str) -> bool {
    let handed = std::fs::read_to_string(group.join("cgroup.subtree_control")).unwrap_or_default();
    handed.split_whitespace().any(|name| name == controller)
}

/// Where a controller is mounted, and the group of a process in it: of `/proc/self/mountinfo` and `/proc/<pid>/cgroup`.
fn locate(mounts: &str, membership: &str, controller: &str) -> Result<(Version, PathBuf, PathBuf), String> {
    let of = |line: &str| -> Option<(Version, String, PathBuf)> {
        // `36 25 0:30 /root /mount/point options [tags] - type source options`
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (root, point) = (before.next()?.to_owned(), PathBuf::from(before.next()?));
        let mut after = after.split(' ');
        match after.next()? {
            "cgroup" if after.nth(1)?.split(',').any(|option| option == controller) => {
                Some((Version::One, root, point))
            }
            "cgroup2" => Some((Version::Two, root, point)),
            _ => None,
        }
    };
    let found: Vec<_> = mounts.lines().filter_map(of).collect();
    // A controller of version 1 is not in version 2.
    let first = found.iter().find(|(version, ..)| *version == Version::One).or(found.first());
    let (version, root, point) = first.ok_or_else(|| "no cgroups are mounted".to_owned())?;
    let own = membership.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, group) = rest.split_once(':')?;
        let meant = match version {
            Version::One => controllers.split(',').any(|name| name == controller),
            Version::Two => controllers.is_empty(),
        };
        meant.then_some(group)
    });
    let own = own.ok_or_else(|| format!("the process is in no cgroup with the controller `{controller}`"))?;
    let below = Path::new(own).strip_prefix(root).ok().filter(|below| !below.starts_with(".."));
    let below = below.ok_or_else(|| format!("the process' cgroup `{own}` is not below what is mounted here"))?;
    // Joining nothing would add a slash.
    let home = if below.as_os_str().is_empty() { point.clone() } else { point.join(below) };
    Ok((*version, point.clone(), home))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 /docker/a /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
34 31 0:31 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
    const UNIFIED: &str = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";

    #[test]
    fn a_controller_of_version_1_is_found_where_it_is_mounted() {
        let membership = "5:memory:/docker/a/job\n2:cpu,cpuacct:/user.slice\n0::/init.scope";
        let cpu = locate(HYBRID, membership, "cpu").unwrap();
        let point = PathBuf::from("/sys/fs/cgroup/cpu,cpuacct");
        assert_eq!(cpu, (Version::One, point.clone(), point.join("user.slice")));
        // A container sees a part of the tree only.
        let memory = locate(HYBRID, membership, "memory").unwrap();
        assert_eq!(memory.2, PathBuf::from("/sys/fs/cgroup/memory/job"));
        let outside = locate(HYBRID, "5:memory:/elsewhere\n", "memory").unwrap_err();
        assert!(outside.contains("not below"), "{outside}");
        assert_eq!(locate(HYBRID, "2:cpu,cpuacct:/", "cpu").unwrap().2, point);
        assert!(locate("", membership, "cpu").unwrap_err().contains("no cgroups"));
    }

    #[test]
    fn in_version_2_all_controllers_are_in_one_tree() {
        let home = "/sys/fs/cgroup/user.slice/app.slice/test.scope";
        let found = locate(UNIFIED, "0::/user.slice/app.slice/test.scope\n", "memory").unwrap();
        assert_eq!(found, (Version::Two, "/sys/fs/cgroup".into(), home.into()));
    }

    #[test]
    fn a_group_hands_a_controller_down_or_does_not() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!hands_down(dir.path(), "cpu"));
        std::fs::write(dir.path().join("cgroup.subtree_control"), "cpuset cpu io\n").unwrap();
        assert!(hands_down(dir.path(), "cpu") && !hands_down(dir.path(), "memory") && !is_ours(dir.path()));
        std::fs::write(dir.path().join("cgroup.procs"), "").unwrap();
        assert!(is_ours(dir.path()));
    }

    #[test]
    fn counters_are_read_by_their_whole_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("cpu.stat"), "nr_periods 5\nnr_throttled 3\nthrottled_usec 1200\n").unwrap();
        let group = Group { version: Version::Two, path: dir.path().to_owned(), home: PathBuf::new() };
        assert_eq!(group.counter("cpu.stat", "nr_throttled"), Some(3));
        assert_eq!(group.counter("cpu.stat", "nr"), None);
        assert!(!group.set("cpu.max", "max").unwrap(), "a file that is not there is not made");
    }
}
