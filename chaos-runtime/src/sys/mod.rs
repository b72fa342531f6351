//! System calls that have no safe wrapper: the only place with `unsafe`.

#[cfg(unix)]
mod child;
#[cfg(unix)]
mod exit;
#[cfg(test)]
pub(crate) mod reexec;

#[cfg(target_os = "linux")]
mod timer;

#[cfg(unix)]
pub(crate) use child::die_with_parent;
#[cfg(unix)]
pub(crate) use exit::at_exit;
#[cfg(target_os = "linux")]
pub(crate) use timer::TimerFd;
