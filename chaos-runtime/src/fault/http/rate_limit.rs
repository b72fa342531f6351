//! Rate limit: what comes too fast is answered with 429.

use super::on::{Harm, OnRequests};
use crate::proxy::http::{HttpEffect, HttpProxy};
use crate::units::Rate;
use crate::{Error, Result};

/// Requests above a rate are answered with "429 Too Many Requests" and a `Retry-After` in whole seconds, and the service
/// sees nothing of them. Made by [`HttpProxy::rate_limit`].
///
/// A token bucket, one for all requests that are meant: it is full at first, is filled at the rate, and each request that
/// passes takes a token.
#[derive(Debug, Clone)]
pub struct RateLimit {
    rate: Rate,
    burst: Option<u32>,
}

impl HttpProxy {
    /// A fault: requests above this rate are answered with 429. See [`RateLimit`] for the burst, and [`OnRequests`] for
    /// the requests that are meant.
    pub fn rate_limit(&self, rate: Rate) -> OnRequests<RateLimit> {
        OnRequests::new(self, RateLimit { rate, burst: None })
    }
}

impl OnRequests<RateLimit> {
    /// How many may come at once. Default: as many as the rate allows in a second, and at least one.
    pub fn burst(mut self, requests: u32) -> Self {
        self.harm.burst = Some(requests);
        self
    }
}

impl Harm for RateLimit {
    fn describe(&self) -> String {
        format!("rate limit of {} requests per second", (self.rate.as_per_second() * 1e3).round() / 1e3)
    }

    fn effect(&self) -> Result<HttpEffect> {
        let rate = self.rate.as_per_second();
        // Below, a token takes longer than any experiment; above, the bucket never runs dry.
        if !(1e-6..=1e9).contains(&rate) {
            return Err(Error::new(format!("requests can't be limited to a rate of {rate} per second"))
                .help("give a rate above zero: proxy.rate_limit(per_second(10)); to refuse all, proxy.abort(429)"));
        }
        let burst = self.burst.unwrap_or(rate.ceil() as u32);
        if burst == 0 {
            return Err(Error::new("a burst of zero lets nothing through")
                .help("give a burst of 1 at least; to refuse all, proxy.abort(429)"));
        }
        Ok(HttpEffect::rate_limit(self.rate, burst))
    }

    fn done(&self) -> String {
        "answered with 429".to_owned()
    }

    fn nothing(&self) -> String {
        "none was above the rate".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::fault::Fault;
    use crate::fault::http::testbed::{Bed, hold, refusal};
    use crate::units::{per_minute, per_second};

    #[tokio::test]
    async fn a_burst_passes_and_the_rest_is_told_when_to_come_back() {
        let bed = Bed::new().await;
        // A token a minute, so that none comes while this runs.
        let mut fault = bed.proxy.rate_limit(per_minute(1)).burst(5).except_path("/health");
        let _undo = hold(&mut fault).await.unwrap();
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let answer = bed.get("/").await;
            if answer.status() == 429 {
                let after: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
                assert!((1..=60).contains(&after), "{after}");
            }
            statuses.push(answer.status().as_u16());
        }
        assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
        assert_eq!(bed.get("/health").await.status(), 200);
        assert_eq!(bed.served(), 6);
        assert_eq!(fault.evidence().await.unwrap().text(), "3 of 9 requests answered with 429, 1 excluded");
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused() {
        let proxy = &Bed::new().await.proxy;
        for rate in [per_second(0), per_second(-1), per_second(f64::NAN), per_second(f64::INFINITY)] {
            assert!(refusal(proxy.rate_limit(rate)).await.contains("can't be limited to a rate"));
        }
        assert!(refusal(proxy.rate_limit(per_second(1)).burst(0)).await.contains("a burst of zero"));
    }
}
