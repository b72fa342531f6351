//! System calls that have no safe wrapper: the only place with `unsafe`.

#[cfg(unix)]
mod child;
#[cfg(target_os = "linux")]
mod constructor;
#[cfg(target_os = "linux")]
mod descriptors;
#[cfg(unix)]
mod exit;
#[cfg(any(feature = "docker", feature = "aws"))]
mod owner;
#[cfg(test)]
pub(crate) mod reexec;

#[cfg(target_os = "linux")]
mod timer;

#[cfg(target_os = "linux")]
pub(crate) use child::in_own_session;
#[cfg(unix)]
pub(crate) use child::{die_with_parent, with_descriptors};
#[cfg(target_os = "linux")]
pub(crate) use constructor::runs_before_main;
#[cfg(target_os = "linux")]
pub(crate) use descriptors::close_inherited;
#[cfg(unix)]
pub(crate) use exit::at_exit;
#[cfg(any(feature = "docker", feature = "aws"))]
pub(crate) use owner::Owner;
#[cfg(target_os = "linux")]
pub(crate) use timer::TimerFd;
