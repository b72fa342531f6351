//! Targets: what an experiment harms or loads.

#[cfg(any(feature = "docker", feature = "aws"))]
pub mod aurora;
#[cfg(feature = "docker")]
pub mod container;
#[cfg(unix)]
mod disk;
mod http;
#[cfg(any(unix, feature = "docker"))]
mod output;
#[cfg(unix)]
pub mod process;
#[cfg(any(unix, feature = "docker"))]
mod signal;

#[cfg(any(feature = "docker", feature = "aws"))]
pub use aurora::{Aurora, Instance};
#[cfg(feature = "docker")]
pub use container::{Container, Containers, Network, Selector};
#[cfg(unix)]
pub use disk::Disk;
#[cfg(target_os = "linux")]
pub(crate) use disk::mount as mount_small_disk;
pub use http::HttpTarget;
#[cfg(unix)]
pub use process::{Process, ProcessBuilder, Ready, bin};
#[cfg(any(unix, feature = "docker"))]
pub use signal::Signal;
