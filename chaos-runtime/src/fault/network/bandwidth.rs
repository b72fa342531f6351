//! Bandwidth: a slow line.

use super::on::{Directed, Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope};
use crate::units::ByteRate;
use crate::{Error, Result};

/// Each connection passes no more than a number of bytes per second, towards the client unless said otherwise. Made by
/// [`Proxy::bandwidth`].
///
/// A few milliseconds' worth of bytes pass at a time. Of several at once the slowest counts.
#[derive(Debug, Clone, Copy)]
pub struct Bandwidth {
    pub(crate) rate: ByteRate,
}

impl Proxy {
    /// A fault: on each connection answers arrive at `rate` at most. See [`OnProxy`] for direction and share.
    pub fn bandwidth(&self, rate: ByteRate) -> OnProxy<Bandwidth> {
        OnProxy::new(self, Directions::Downstream, Bandwidth { rate })
    }
}

impl Harm for Bandwidth {
    fn describe(&self) -> String {
        format!("bandwidth {}", shown(self.rate))
    }

    fn check(&self, _proxy: &Proxy, _scope: &Scope) -> Result<()> {
        match self.rate.as_bytes_per_second() {
            0 => Err(Error::new("a bandwidth of zero lets nothing pass")
                .help("use proxy.black_hole() for that, or a rate such as kilobytes_per_second(100)")),
            _ => Ok(()),
        }
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::Bandwidth { rate: self.rate }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence("byte", "throttled")
    }
}

impl Directed for Bandwidth {}

/// `500 B/s`, `100 KB/s`, `1.5 MB/s`
fn shown(rate: ByteRate) -> String {
    match rate.as_bytes_per_second() {
        n @ ..1_000 => format!("{n} B/s"),
        n @ ..1_000_000 => format!("{} KB/s", n as f64 / 1e3),
        n => format!("{} MB/s", n as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use crate::fault::Fault;
    use crate::proxy::testbed::{Testbed, clear, hold, pattern, round_trip, trips_below};
    use crate::units::{bytes_per_second, kilobytes_per_second, megabytes_per_second, millis};

    #[tokio::test]
    async fn as_many_bytes_as_the_rate_allows_and_all_of_them_in_order() {
        let bed = Testbed::echo().await;
        let (mut client, bytes) = (bed.connect().await, pattern(480_000));
        round_trip(&mut client, &bytes).await;
        for upstream in [true, false] {
            let fault = bed.proxy.bandwidth(kilobytes_per_second(1_000));
            let mut fault = if upstream { fault.upstream() } else { fault };
            let undo = hold(&mut fault).await.unwrap();
            let trips = trips_below(millis(960), &mut client, &bytes).await;
            assert!(trips.iter().all(|took| *took >= millis(480)), "480,000 bytes at 1,000 KB/s took {trips:?}");
            let throttled = crate::figure::count(480_000 * trips.len() as u64);
            let evidence = fault.evidence().await.unwrap();
            assert_eq!(evidence.text(), format!("{throttled} bytes throttled on 1 connection"));
            clear(&undo).await;
            trips_below(millis(480), &mut client, &bytes).await;
        }
    }

    #[tokio::test]
    async fn the_sender_feels_the_rate() {
        let bed = Testbed::echo().await;
        let mut client = bed.connect().await;
        let _undo = hold(&mut bed.proxy.bandwidth(kilobytes_per_second(1)).upstream()).await.unwrap();
        let writes = tokio::io::AsyncWriteExt::write_all(&mut client, &[0; 64 * 1024 * 1024]);
        assert!(tokio::time::timeout(millis(300), writes).await.is_err());
    }

    #[tokio::test]
    async fn a_rate_of_zero_is_an_error() {
        let bed = Testbed::echo().await;
        let error = hold(&mut bed.proxy.bandwidth(bytes_per_second(0))).await.unwrap_err();
        assert!(error.help_text().is_some_and(|help| help.contains("black_hole")), "{error}");
    }

    #[tokio::test]
    async fn the_rate_is_shown_in_its_unit() {
        let proxy = Testbed::echo().await.proxy;
        let shown = |rate| proxy.bandwidth(rate).describe();
        assert_eq!(shown(bytes_per_second(500)), "bandwidth 500 B/s towards the client");
        assert_eq!(shown(kilobytes_per_second(100)), "bandwidth 100 KB/s towards the client");
        assert_eq!(shown(megabytes_per_second(2)), "bandwidth 2 MB/s towards the client");
    }
}
