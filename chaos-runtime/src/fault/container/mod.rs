//! Faults on containers (feature `docker`): one file each.
//!
//! Every one is a [`Harm`]: what is done to one container. [`OnContainers`] does it to all that are meant, at the same
//! time, and is the [`Fault`](super::Fault) that the engine knows.

mod bandwidth;
mod clock_offset;
mod command;
mod cpu_limit;
mod disconnect;
mod disk_full;
mod dns_failure;
mod kill;
mod latency;
mod memory_limit;
mod memory_pressure;
mod on;
mod packet_corruption;
mod packet_loss;
mod partition;
mod pause;
mod pids_limit;
mod restart;
mod rules;
mod shaping;
mod stop;
mod trial;

pub(crate) use trial::rules_work as container_rules_work;

pub use bandwidth::Bandwidth;
pub use clock_offset::ClockOffset;
pub use command::Command;
pub use cpu_limit::CpuLimit;
pub use disconnect::Disconnect;
pub use disk_full::DiskFull;
pub use dns_failure::DnsFailure;
pub use kill::Kill;
pub use latency::Latency;
pub use memory_limit::MemoryLimit;
pub use memory_pressure::MemoryPressure;
pub use on::{Harm, OnContainers};
pub use packet_corruption::PacketCorruption;
pub use packet_loss::PacketLoss;
pub use partition::{Partition, partition};
pub use pause::Pause;
pub use pids_limit::PidsLimit;
pub use restart::Restart;
pub use stop::Stop;

use super::EndsByItself;
use crate::target::{Container, Containers, Signal};
use crate::units::{ByteRate, Percent};
use std::time::Duration;

/// What can be done to a container, or to several at once.
///
/// ```no_run
/// # use chaos_runtime::prelude::*;
/// # async fn body(chaos: &mut Chaos, redis: chaos_runtime::target::Container) -> chaos::Result {
/// chaos.inject(redis.pause()).hold(secs(5)).await?;
/// chaos.inject(redis.kill(Signal::Kill).restart_after(secs(2))).await?;
/// # Ok(()) }
/// ```
pub trait ContainerFaults {
    /// The containers that are meant.
    #[doc(hidden)]
    fn meant(&self) -> Vec<Container>;

    /// Freezes all its processes: connections stay open, nobody answers. A held fault.
    fn pause(&self) -> OnContainers<Pause> {
        OnContainers::new(self.meant(), Pause::new())
    }

    /// Sends a signal that ends it; SIGKILL leaves it no time to say goodbye. A one-shot fault. It stays down unless
    /// it is to be [restarted](OnContainers::restart_after); an adopted one is started again at the end.
    fn kill(&self, signal: Signal) -> OnContainers<Kill> {
        OnContainers::new(self.meant(), Kill::new(signal))
    }

    /// Ends it as `docker stop` does, and starts it again when the fault is cleared. A held fault.
    fn stop(&self) -> OnContainers<Stop> {
        OnContainers::new(self.meant(), Stop::new())
    }

    /// Stops it and starts it again, at once or after a [delay](OnContainers::delay). A one-shot fault.
    fn restart(&self) -> OnContainers<Restart> {
        OnContainers::new(self.meant(), Restart::new())
    }

    /// Takes it off its networks, or off [one](OnContainers::from_network). A held fault.
    ///
    /// Names under which it was found there, and its addresses, come back at the end. Where the network has no subnet
    /// of its own (the engine's default network, or one made without), the engine chooses an address; the report says
    /// so if it is another one.
    fn disconnect(&self) -> OnContainers<Disconnect> {
        OnContainers::new(self.meant(), Disconnect::new())
    }

    /// Loses each packet with this probability, each way: a round trip survives with (1 - p)². A held fault.
    ///
    /// By iptables, everywhere: netem is not needed, and every lost packet is counted.
    fn packet_loss(&self, share: Percent) -> OnContainers<PacketLoss> {
        OnContainers::new(self.meant(), PacketLoss::new(share))
    }

    /// No name is found any more in it: questions are refused, or [meet silence](OnContainers::silent). A held fault.
    fn dns_failure(&self) -> OnContainers<DnsFailure> {
        OnContainers::new(self.meant(), DnsFailure::new())
    }

    /// What it sends arrives this much later; see [`Latency::jitter`]. A held fault.
    ///
    /// By netem on its own interfaces where the kernel of the engine's host has it, else by the proxies behind every
    /// [address](Container::addr) that was asked for so far; the report says which.
    fn latency(&self, delay: Duration) -> Latency {
        Latency::new(self.meant(), delay)
    }

    /// Changes a bit of each packet with this probability, each way. A held fault. Needs netem in the kernel of the
    /// engine's host.
    fn packet_corruption(&self, share: Percent) -> OnContainers<PacketCorruption> {
        OnContainers::new(self.meant(), PacketCorruption::new(share))
    }

    /// Lets no more than this through its interfaces, each way. A held fault.
    fn bandwidth(&self, rate: ByteRate) -> OnContainers<Bandwidth> {
        OnContainers::new(self.meant(), Bandwidth::new(rate))
    }

    /// Lets it have no more CPU time than this many CPUs: 0.05 is a twentieth of one. A held fault.
    fn cpu_limit(&self, cpus: f64) -> OnContainers<CpuLimit> {
        OnContainers::new(self.meant(), CpuLimit::new(cpus))
    }

    /// Lets it have no more memory than this many bytes, swap included. A held fault. It must not use more than that
    /// already: then see [`memory_pressure`](Self::memory_pressure).
    fn memory_limit(&self, bytes: u64) -> OnContainers<MemoryLimit> {
        OnContainers::new(self.meant(), MemoryLimit::new(bytes))
    }

    /// Lets it have no more processes and threads than this; those that it has stay. A held fault.
    fn pids_limit(&self, limit: u32) -> OnContainers<PidsLimit> {
        OnContainers::new(self.meant(), PidsLimit::new(limit))
    }

    /// Fills its memory up to its limit until the kernel kills its main process. A one-shot fault. It stays down unless
    /// it is to be [restarted](OnContainers::<MemoryPressure>::restart_after); an adopted one is started again at the end.
    ///
    /// A container without a limit gets one a little above its present use, until the end of the fault.
    fn memory_pressure(&self) -> OnContainers<MemoryPressure> {
        OnContainers::new(self.meant(), MemoryPressure::new())
    }

    /// Fills what a directory of it is on, to the last block. A held fault. Refused where that would be more than 1 GiB,
    /// or as much as is [allowed](OnContainers::at_most).
    fn disk_full(&self, directory: impl Into<String>) -> OnContainers<DiskFull> {
        OnContainers::new(self.meant(), DiskFull::new(directory.into()))
    }

    /// Its clock is this much ahead. A held fault.
    ///
    /// It must have been started with libfaketime: with `LD_PRELOAD=…/libfaketime.so.1`, `FAKETIME_TIMESTAMP_FILE=/file`,
    /// `FAKETIME_NO_CACHE=1` and `FAKETIME_DONT_FAKE_MONOTONIC=1` in its environment. Programs with jemalloc, like
    /// Redis, need the C library behind it: `LD_PRELOAD=…/libfaketime.so.1:…/libc.so.6`.
    fn clock_ahead(&self, by: Duration) -> OnContainers<ClockOffset> {
        OnContainers::new(self.meant(), ClockOffset::new(by, true))
    }

    /// Its clock is this much behind; see [`clock_ahead`](Self::clock_ahead). A held fault.
    fn clock_behind(&self, by: Duration) -> OnContainers<ClockOffset> {
        OnContainers::new(self.meant(), ClockOffset::new(by, false))
    }

    /// Runs a command in it: program and arguments, no shell. A one-shot fault, or a held one if another command
    /// [undoes](OnContainers::<Command<EndsByItself>>::undo) it.
    fn command<A: Into<String>>(&self, command: impl IntoIterator<Item = A>) -> OnContainers<Command<EndsByItself>> {
        OnContainers::new(self.meant(), Command::new(command.into_iter().map(Into::into).collect()))
    }
}

impl ContainerFaults for Container {
    fn meant(&self) -> Vec<Container> {
        vec![self.clone()]
    }
}

impl ContainerFaults for Containers {
    fn meant(&self) -> Vec<Container> {
        self.to_vec()
    }
}
