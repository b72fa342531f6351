//! Commands in surroundings that most machines have on their bad days only.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// `program arguments… command…`, in the environment that was prepared for the command.
pub fn behind<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = S>,
    command: &Command,
) -> Command {
    let mut outer = Command::new(program);
    outer.args(arguments).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

/// A shell script that runs the command as `"$@"`.
pub fn script(script: &str, command: &Command) -> Command {
    behind("sh", ["-c", script, "sh"], command)
}

/// How a disk is made small, or not to be written to, without harm to anyone else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// A file system of its own, which only the command and its children see.
    Mounted,
    /// Without the right to mount: `ulimit -f`, which refuses to make files longer.
    Limited,
}

impl Disk {
    /// What works here, and says so. The second of them works everywhere.
    pub fn available() -> Vec<Self> {
        let disks = if unshare().is_some() { vec![Self::Mounted, Self::Limited] } else { vec![Self::Limited] };
        println!("disks made by: {disks:?}");
        disks
    }

    /// A script with the command as `"$@"` and a disk of 512 KiB at `$CHAOS_DIR`, which the script's `fill` fills up;
    /// `keep` copies what is on it to `$KEPT`.
    pub fn script(self, text: &str, command: &Command) -> Command {
        const KEEP: &str =
            "keep() { ulimit -f unlimited; rm -f \"$CHAOS_DIR/filler\"; cp -r \"$CHAOS_DIR\" \"$KEPT\"; }";
        match self {
            Self::Mounted => {
                let mount = "mkdir -p \"$CHAOS_DIR\" && mount -t tmpfs -o size=512k tmpfs \"$CHAOS_DIR\" || exit 99";
                let fill = "fill() { cat /dev/zero >\"$CHAOS_DIR/filler\" 2>/dev/null; }";
                mounting(&format!("{mount}; {fill}; {KEEP}; {text}"), command)
            }
            // Ignored by the shell, the signal stays ignored: then writing fails instead of killing.
            Self::Limited => script(&format!("trap '' XFSZ; fill() {{ ulimit -S -f 0; }}; {KEEP}; {text}"), command),
        }
    }
}

/// A script with the command as `"$@"` that may mount in a namespace of its own; without the right to, `None`.
pub fn may_mount(text: &str, command: &Command) -> Option<Command> {
    unshare().map(|_| mounting(text, command))
}

fn mounting(text: &str, command: &Command) -> Command {
    let flags = unshare().unwrap_or("-m");
    behind("unshare", [flags, "sh", "-c", text, "sh"], command)
}

/// The flags with which `unshare` lets this user mount: as root, or as the root of a user namespace.
fn unshare() -> Option<&'static str> {
    static FLAGS: OnceLock<Option<&str>> = OnceLock::new();
    *FLAGS.get_or_init(|| {
        ["-m", "-rm"].into_iter().find(|flags| {
            let mut try_it = Command::new("unshare");
            try_it.args([flags, "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /tmp"]);
            try_it.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        })
    })
}
