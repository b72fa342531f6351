//! Faults on child processes: methods of [`Process`](crate::target::Process).
//!
//! | fault | means | rights | ends |
//! |---|---|---|---|
//! | [`kill`](Kill) | a signal | none | by itself |
//! | [`pause`](Pause) | SIGSTOP | none | SIGCONT |
//! | [`cpu_limit`](CpuLimit) | a cgroup, else turns of SIGSTOP and SIGCONT | none for turns | its processes leave the cgroup |
//! | `cpu_pressure` | busy processes beside it (Linux) | none | they are killed, or end with the test |
//! | `memory_limit` | a cgroup, else `RLIMIT_DATA` (Linux) | none for the limit | the limit that it had |
//! | `fd_exhaustion` | `RLIMIT_NOFILE` (Linux) | none | the limit that it had |
//! | `clock_ahead`, `clock_behind` | libfaketime (Linux) | none | the offset is zero |
//!
//! A full disk is a fault on a [`Disk`](crate::target::Disk). Each says in `prepare` whether this host can do it.

#[cfg(target_os = "linux")]
mod burner;
#[cfg(target_os = "linux")]
mod clock_offset;
mod cpu_limit;
#[cfg(target_os = "linux")]
mod cpu_pressure;
#[cfg(target_os = "linux")]
mod fd_exhaustion;
mod kill;
#[cfg(target_os = "linux")]
mod lowered;
#[cfg(target_os = "linux")]
mod memory_limit;
mod pause;
mod turns;

#[cfg(target_os = "linux")]
pub(crate) use burner::{is_burner, main as burn};
#[cfg(target_os = "linux")]
pub use clock_offset::ClockOffset;
pub use cpu_limit::CpuLimit;
#[cfg(target_os = "linux")]
pub use cpu_pressure::CpuPressure;
#[cfg(target_os = "linux")]
pub(crate) use cpu_pressure::is_told as cpu_pressure_is_told;
#[cfg(target_os = "linux")]
pub use fd_exhaustion::FdExhaustion;
pub use kill::Kill;
#[cfg(target_os = "linux")]
pub use memory_limit::MemoryLimit;
pub use pause::Pause;

#[cfg(all(test, target_os = "linux"))]
mod tests;
