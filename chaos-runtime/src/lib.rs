//! Resilience assertions for `cargo test`.
//!
//! Begin with [`macro@chaos_test`] on an async function and [`prelude`] in scope. The attribute says what must hold;
//! the body starts what is harmed, drives a load, and injects faults through [`Chaos`]:
//!
//! ```test_harness,no_run
//! use chaos_runtime::prelude::*;
//! # struct Service;
//! # impl Service {
//! #     async fn start() -> std::io::Result<Self> { Ok(Self) }
//! #     fn addr(&self) -> std::net::SocketAddr { ([127, 0, 0, 1], 8080).into() }
//! # }
//!
//! /// Orders are taken while the service answers 300 ms late.
//! #[chaos_test(
//!     steady_state(success_rate >= 99%, p99 < 100ms),      // must hold before, or nothing is injected
//!     hypothesis(
//!         during(success_rate >= 99%, p99 < 800ms),        // while the fault is on
//!         recovery <= 5s,                                  // until the steady state is back
//!         after(p99 <= 150% of baseline),
//!     ),
//!     abort_if(success_rate < 50% for 3s),                 // ends it early
//! )]
//! async fn orders_survive_a_slow_service(chaos: &mut Chaos) -> chaos::Result {
//!     let service = Service::start().await?;
//!     let proxy = chaos.proxy(service.addr()).await?;
//!
//!     chaos.load(http::post(proxy.url("/order")).rate(per_second(200))).await?;
//!     chaos.inject(proxy.latency(millis(300)).jitter(millis(50))).hold(secs(10)).await?;
//!     Ok(())
//! }
//! ```
//!
//! It is an ordinary `#[test]`. When the body has returned, the framework watches the recovery, rolls back, judges the
//! claims, and writes a [journal](report::journal) and `junit.xml` to `target/chaos`.
//!
//! | to … | see |
//! |---|---|
//! | state claims | [`macro@chaos_test`], [`slo!`], [`claim`] |
//! | put a proxy in front of a service | [`Chaos::proxy`], [`Chaos::udp_proxy`], [`proxy`] |
//! | harm single requests of HTTP or gRPC | [`Chaos::http_proxy`], [`proxy::HttpProxy`], [`fault::http`] |
//! | start child processes | `Chaos::process`, [`target`] (Unix) |
//! | start containers, adopt running ones | `Chaos::container`, `Chaos::containers` (feature `docker`) |
//! | fail a database over | `Chaos::aurora` (feature `docker`: in containers; `aws`: a real one) |
//! | reach a service that `chaos.toml` names | [`Chaos::http`], [`config`] |
//! | drive load | [`Chaos::load`], [`load::http`], [`load::op`], [`load`] |
//! | inject faults | [`Chaos::inject`], the methods of [`proxy::Proxy`] and [`proxy::UdpProxy`]; of your own: [`fault::fault`] |
//! | harm calls, byte streams and named points inside this process | [`inside`] |
//! | say how a fault ends | [`rollback::Undo`] |
//! | look for every acknowledged operation afterwards | [`Chaos::ledger`], [`ledger`] |
//! | sample values of your own | [`Chaos::probe`], [`probe::every`] |
//! | watch values that come late, such as CloudWatch's | [`probe`], `aws::cloudwatch` (feature `aws`) |
//! | harm nothing while an alarm is on | [`Chaos::require`], [`Chaos::abort_on`], [`condition`] |
//! | read results | [`report::journal::Journal`] |
//! | see since when something is worse | [`history`] |
//! | keep tokens and passwords out of every report | [`Secret`], [`secret`] |
//! | list what a test binary claims | [`catalogue()`] |
//! | flags for profile, seed, repetitions and order | `main!` (feature `harness`) |
//!
//! Behind these: [`experiment`] is the timeline, [`measure`] what is recorded, [`statistics`] the mathematics.
//!
//! Features, all off by default: `docker` (containers as targets), `aws` (AWS accounts as targets), `harness` (`main!` for test binaries with `harness = false`), `tls` (https targets), `tower`, `reqwest-middleware` and `points` ([faults inside the process](inside)), `virtual-time` (experiments on tokio's paused clock), `schema`
//! (JSON Schemas of the journal and of `chaos.toml`).

#[allow(unused_extern_crates)] // The macros' paths begin with it, here too.
extern crate self as chaos_runtime;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod catalogue;
pub mod claim;
mod clock;
pub mod condition;
pub mod config;
mod descriptors;
mod error;
pub mod experiment;
pub mod fault;
mod figure;
#[cfg(feature = "harness")]
mod harness;
pub mod history;
pub mod inside;
pub mod ledger;
pub mod load;
#[doc(hidden)]
pub mod machine;
pub mod measure;
mod mix;
pub mod prelude;
pub mod probe;
pub mod proxy;
pub mod report;
pub mod rollback;
pub mod secret;
mod slo;
pub mod statistics;
mod sys;
pub mod target;
mod units;
mod watchdog;

pub use catalogue::catalogue;
#[doc = include_str!("chaos_test.md")]
pub use chaos_macros::chaos_test;
pub use error::{BodyResult, Error, ErrorKind, Result};
pub use experiment::Chaos;
pub use secret::Secret;
#[cfg(unix)]
pub use target::bin;
#[cfg(feature = "docker")]
#[doc(no_inline)]
pub use testcontainers;
pub use units::*;
