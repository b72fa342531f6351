//! Delay: requests, or their answers, go on later.

use super::on::{Harm, OnRequests};
use crate::proxy::http::{HttpEffect, HttpProxy};
use crate::{Error, Result};
use std::time::Duration;

/// Requests go on to the service later, or its answers go back later. Made by [`HttpProxy::http_delay`].
///
/// Unlike [`Proxy::latency`](crate::proxy::Proxy::latency), it delays a request once, however many packets it has, and only
/// those that are meant. In HTTP/1.1 a connection carries one request at a time, so the next one waits too. Several
/// delays at once add up.
#[derive(Debug, Clone)]
pub struct Delay {
    delay: Duration,
    jitter: Duration,
    of_answers: bool,
}

impl HttpProxy {
    /// A fault: requests go on to the service `delay` later. See [`Delay`] for jitter and for delaying answers instead, and
    /// [`OnRequests`] for the requests that are meant.
    pub fn http_delay(&self, delay: Duration) -> OnRequests<Delay> {
        OnRequests::new(self, Delay { delay, jitter: Duration::ZERO, of_answers: false })
    }
}

impl OnRequests<Delay> {
    /// Each delay is drawn from `delay - jitter ..= delay + jitter`, uniformly and by the run's seed.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.harm.jitter = jitter;
        self
    }

    /// The service gets the request at once, and its answer goes on later: what it does is done before the client gives
    /// up.
    pub fn of_answers(mut self) -> Self {
        self.harm.of_answers = true;
        self
    }
}

impl Delay {
    fn what(&self) -> &'static str {
        if self.of_answers { "answers" } else { "requests" }
    }
}

impl Harm for Delay {
    fn describe(&self) -> String {
        let jitter = if self.jitter.is_zero() { String::new() } else { format!(" ± {:?}", self.jitter) };
        format!("delay of {} {:?}{jitter}", self.what(), self.delay)
    }

    fn effect(&self) -> Result<HttpEffect> {
        let Self { delay, jitter, of_answers } = *self;
        if delay.is_zero() && jitter.is_zero() {
            return Err(Error::new("a delay of zero without jitter does nothing")
                .help("give it a duration: proxy.http_delay(millis(300))"));
        }
        if jitter > delay {
            return Err(Error::new(format!(
                "a jitter of {jitter:?} is more than the delay of {delay:?}: nothing can arrive early"
            ))
            .help(format!("use a jitter of {delay:?} at most, or a delay of {jitter:?} at least")));
        }
        Ok(HttpEffect::Delay { delay, jitter, of_answers })
    }

    fn done(&self) -> String {
        if self.of_answers { "answered late".to_owned() } else { "delayed".to_owned() }
    }

    fn nothing(&self) -> String {
        if self.of_answers {
            "none in the share was answered yet".to_owned()
        } else {
            "none was in the share".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::fault::http::testbed::{Bed, hold, refusal};
    use crate::proxy::testbed::clear;
    use crate::units::{millis, secs};
    use tokio::time::Instant;

    #[tokio::test]
    async fn requests_and_answers_are_late_and_delays_add() {
        let bed = Bed::new().await;
        let mut before = bed.proxy.http_delay(millis(200)).on_path("/slow");
        let mut after = bed.proxy.http_delay(millis(200)).jitter(millis(50)).of_answers().on_path("/slow");
        let (_before, undo) = (hold(&mut before).await.unwrap(), hold(&mut after).await.unwrap());
        let started = Instant::now();
        assert_eq!(bed.get("/slow").await.text().await.unwrap(), "hello /slow ");
        assert!(started.elapsed() >= millis(350), "{:?}", started.elapsed());
        assert_eq!(after.evidence().await.unwrap().text(), "1 of 1 request answered late");
        clear(&undo).await;
        let started = Instant::now();
        bed.get("/slow").await;
        assert!(started.elapsed() >= millis(200), "{:?}", started.elapsed());
        assert_eq!(before.evidence().await.unwrap().text(), "2 of 2 requests delayed");
        assert_eq!(before.describe(), "delay of requests 200ms on /slow");
    }

    #[tokio::test]
    async fn of_a_delayed_answer_the_service_has_done_its_part() {
        let bed = Bed::new().await;
        let mut fault = bed.proxy.http_delay(secs(3_600)).of_answers();
        let undo = hold(&mut fault).await.unwrap();
        let waiting = tokio::spawn(bed.client.get(bed.proxy.url("/")).send());
        while !fault.evidence().await.unwrap().is_seen() {
            tokio::time::sleep(millis(5)).await;
        }
        assert_eq!(bed.served(), 1);
        let started = Instant::now();
        clear(&undo).await;
        assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
        assert!(started.elapsed() < secs(30), "who waits is let go: {:?}", started.elapsed());
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused() {
        let proxy = &Bed::new().await.proxy;
        assert!(refusal(proxy.http_delay(Duration::ZERO)).await.contains("does nothing"));
        let text = refusal(proxy.http_delay(millis(10)).jitter(millis(11))).await;
        assert!(text.contains("a jitter of 11ms is more than the delay of 10ms"), "{text}");
    }
}
