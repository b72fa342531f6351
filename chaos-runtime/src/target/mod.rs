//! Targets: what an experiment harms or loads.

#[cfg(any(feature = "docker", feature = "aws"))]
pub mod aurora;
#[cfg(feature = "docker")]
pub mod container;
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
pub use http::HttpTarget;
#[cfg(unix)]
pub use process::{Process, ProcessBuilder, Ready, bin};
#[cfg(any(unix, feature = "docker"))]
pub use signal::Signal;
