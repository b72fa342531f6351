//! Faults on datagrams, made by the methods of [`UdpProxy`](crate::proxy::UdpProxy): one file each.
//!
//! Every one is what happens to a datagram; [`OnUdpProxy`] is the [`Fault`](super::Fault) that the engine knows, with the
//! directions and the evidence that all have in common. Several may be set at once; a datagram meets them in this
//! order, those of one kind in the order they were set: down → loss → corruption → latency → reordering → duplication.

mod corruption;
mod down;
mod duplication;
mod latency;
mod loss;
mod on;
mod reordering;

pub use corruption::Corruption;
pub use down::Down;
pub use duplication::Duplication;
pub use latency::Latency;
pub use loss::Loss;
pub use on::OnUdpProxy;
pub use reordering::Reordering;

use crate::units::Percent;
use crate::{Error, Result};

/// Refuses what is no share of datagrams, or one of nothing.
fn check_share(share: Percent, what: &str) -> Result<()> {
    let wrong =
        |why: &str| Err(Error::new(format!("{what}: {why}")).help("a share is more than 0 %, and 100 % at most"));
    match share.fraction() {
        share if share > 0.0 && share <= 1.0 => Ok(()),
        0.0 => wrong("it does nothing"),
        _ => wrong("that is no share"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::percent;

    #[test]
    fn shares_are_more_than_nothing_and_no_more_than_all() {
        for good in [0.01, 10.0, 100.0] {
            assert!(check_share(percent(good), "loss").is_ok());
        }
        for (bad, why) in [(0.0, "does nothing"), (-1.0, "no share"), (100.1, "no share"), (f64::NAN, "no share")] {
            let error = check_share(percent(bad), "loss").unwrap_err();
            assert!(error.message().contains(why), "{bad}: {error}");
            assert!(error.help_text().is_some());
        }
    }
}
