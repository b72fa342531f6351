//! How a child process is started, and when it counts as ready.

use super::clock::Clock;
use crate::rollback::marked::MARK;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A child process to be started: a [`Command`] and what there is to say beyond it.
///
/// Taken over from the command: program, arguments, changed environment variables, working directory.
/// Not taken over: `env_clear` and the standard streams, which a command does not tell; output is kept
/// for the report, input is empty. Values of variables whose names promise a secret are [kept out of every
/// report](crate::secret).
#[derive(Clone)]
#[must_use]
pub struct ProcessBuilder {
    program: OsString,
    args: Vec<OsString>,
    envs: Vec<(OsString, Option<OsString>)>,
    dir: Option<PathBuf>,
    pub(super) name: Option<String>,
    pub(super) ready: Ready,
    pub(super) ready_within: Duration,
    pub(super) faketime: bool,
    /// What it needs in its environment for that, once it is known.
    pub(super) clock: Option<Clock>,
}

/// When a process counts as ready.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Ready {
    /// It listens on a TCP port, whichever.
    ///
    /// On Linux the kernel is asked for the listening sockets of the process and its descendants.
    /// Elsewhere the first `host:port` that it prints counts.
    #[default]
    Listening,
    /// It listens on this TCP port of the loopback interface.
    Port(u16),
    /// It has printed a line with this text, to either stream. Its address is the first port on which
    /// it listens then, if there is any.
    Line(String),
    /// It has been started. It has no address.
    Started,
}

impl Ready {
    /// A line with this text has been printed.
    pub fn line(text: impl Into<String>) -> Self {
        Self::Line(text.into())
    }

    /// The port is listened on.
    pub const fn port(port: u16) -> Self {
        Self::Port(port)
    }
}

impl fmt::Display for Ready {
    /// What is still missing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening => f.write_str("it listens on no TCP port"),
            Self::Port(port) => write!(f, "it does not listen on TCP port {port}"),
            Self::Line(text) => write!(f, "it has not printed `{text}`"),
            Self::Started => f.write_str("it has not started"),
        }
    }
}

impl ProcessBuilder {
    fn new(command: &Command) -> Self {
        for (name, value) in command.get_envs() {
            if let (Some(name), Some(value)) = (name.to_str(), value.and_then(|value| value.to_str())) {
                crate::secret::register_variable(name, value);
            }
        }
        Self {
            program: command.get_program().to_owned(),
            args: command.get_args().map(ToOwned::to_owned).collect(),
            envs: command.get_envs().map(|(key, value)| (key.to_owned(), value.map(ToOwned::to_owned))).collect(),
            dir: command.get_current_dir().map(ToOwned::to_owned),
            name: None,
            ready: Ready::default(),
            ready_within: Duration::from_secs(10),
            faketime: false,
            clock: None,
        }
    }

    /// When it counts as ready, at the first start and at restarts. Default: [`Ready::Listening`].
    pub fn ready(mut self, ready: Ready) -> Self {
        self.ready = ready;
        self
    }

    /// How long it may take to become ready. Default: 10 s.
    pub fn ready_within(mut self, limit: Duration) -> Self {
        self.ready_within = limit;
        self
    }

    /// Its name in reports. Default: the program's file name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Starts it with libfaketime, so that its clock can be moved: [`Process::clock_ahead`](super::Process::clock_ahead)
    /// and [`Process::clock_behind`](super::Process::clock_behind). Linux, and programs that are linked dynamically.
    ///
    /// `libfaketime.so.1` is looked for in the usual directories of libraries; `CHAOS_LIBFAKETIME` names another file. Where
    /// it is missing, [`Chaos::process`](crate::Chaos::process) errs and names the package. Of the clocks, the one that
    /// tells the time of day is moved; time-outs and sleeps, which go by the monotonic one, stay as they are.
    pub fn faketime(mut self) -> Self {
        self.faketime = true;
        self
    }

    pub(super) fn display_name(&self) -> String {
        let stem = || std::path::Path::new(&self.program).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        self.name.clone().or_else(stem).unwrap_or_else(|| self.program.to_string_lossy().into_owned())
    }

    pub(super) fn program(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// A fresh command, marked with the token.
    pub(super) fn command(&self, token: &str) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (key, value) in &self.envs {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        if let Some(clock) = &self.clock {
            let preloaded =
                self.envs.iter().rev().find(|(name, _)| name == "LD_PRELOAD").map(|(_, value)| value.clone());
            clock.settle(&mut command, preloaded.unwrap_or_else(|| std::env::var_os("LD_PRELOAD")));
        }
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command.env(MARK, token).process_group(0);
        crate::sys::die_with_parent(&mut command);
        if let Some(limit) = crate::descriptors::of_children() {
            crate::sys::with_descriptors(&mut command, limit);
        }
        command
    }
}

impl fmt::Debug for ProcessBuilder {
    /// With the names of the changed variables only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, args, envs, dir, name, ready, ready_within, faketime, clock: _ } = self;
        let args: Vec<_> = args.iter().map(|arg| crate::secret::redact(&arg.to_string_lossy()).into_owned()).collect();
        let envs: Vec<_> = envs.iter().map(|(name, _)| name).collect();
        f.debug_struct("ProcessBuilder")
            .field("program", program)
            .field("args", &args)
            .field("envs", &envs)
            .field("dir", dir)
            .field("name", name)
            .field("ready", ready)
            .field("ready_within", ready_within)
            .field("faketime", faketime)
            .finish()
    }
}

impl From<Command> for ProcessBuilder {
    fn from(command: Command) -> Self {
        Self::new(&command)
    }
}

impl From<&mut Command> for ProcessBuilder {
    fn from(command: &mut Command) -> Self {
        Self::new(command)
    }
}
