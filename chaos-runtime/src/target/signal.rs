//! The signals that can be sent to a child process or a container.

#[cfg(unix)]
use rustix::process::Signal as Raw;
use std::fmt;

/// A signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// SIGKILL: ends the process and all of its group; can't be caught.
    Kill,
    /// SIGTERM: asks the process to end.
    Term,
    /// SIGINT: what Ctrl-C sends.
    Int,
    /// SIGHUP: the terminal is gone, or the configuration is to be read again.
    Hup,
    /// SIGQUIT: ends it with a core dump.
    Quit,
    /// SIGUSR1.
    Usr1,
    /// SIGUSR2.
    Usr2,
    /// SIGSTOP: suspends the process and all of its group; can't be caught.
    Stop,
    /// SIGCONT: resumes the process and all of its group.
    Cont,
}

impl Signal {
    /// The name with which manuals speak of it: `SIGTERM`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "SIGKILL",
            Self::Term => "SIGTERM",
            Self::Int => "SIGINT",
            Self::Hup => "SIGHUP",
            Self::Quit => "SIGQUIT",
            Self::Usr1 => "SIGUSR1",
            Self::Usr2 => "SIGUSR2",
            Self::Stop => "SIGSTOP",
            Self::Cont => "SIGCONT",
        }
    }

    #[cfg(unix)]
    pub(crate) const fn raw(self) -> Raw {
        match self {
            Self::Kill => Raw::KILL,
            Self::Term => Raw::TERM,
            Self::Int => Raw::INT,
            Self::Hup => Raw::HUP,
            Self::Quit => Raw::QUIT,
            Self::Usr1 => Raw::USR1,
            Self::Usr2 => Raw::USR2,
            Self::Stop => Raw::STOP,
            Self::Cont => Raw::CONT,
        }
    }

    /// What a process can't answer hits its whole group, as when a machine dies or freezes. What it can
    /// is sent to the process alone: to pass it on is its own business.
    #[cfg(unix)]
    pub(super) const fn hits_group(self) -> bool {
        matches!(self, Self::Kill | Self::Stop | Self::Cont)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
