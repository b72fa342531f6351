//! What an open loop must measure when a server stops for a while: the queue that builds up and is worked off.

/// A server that serves one request after the other and stands still once; all in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    /// From the first arrival to where it stands still.
    pub(crate) from: f64,
    pub(crate) until: f64,
    /// What a request takes: one by the throughput with all connections busy.
    pub(crate) service: f64,
}

impl Stop {
    /// The response times of `n` arrivals at a constant rate, from when each was due, sorted, in nanoseconds.
    pub(crate) fn responses(self, rate: f64, n: usize) -> Vec<u64> {
        let mut free = 0.0_f64;
        let mut responses: Vec<u64> = (0..n)
            .map(|index| {
                let due = index as f64 / rate;
                let mut start = due.max(free);
                let mut end = start + self.service;
                if end > self.from && start < self.until {
                    // One that is being served waits too: what is left of it follows the stop.
                    start = start.max(self.from);
                    end = self.until + (end - start).min(self.service);
                }
                free = end;
                ((end - due) * 1e9) as u64
            })
            .collect();
        responses.sort_unstable();
        responses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::quantile;

    /// With a share ρ = rate × service of the server busy, a request due u after the stop began waits 1 − u(1 − ρ), and
    /// the queue lasts 1/(1 − ρ) from then on. Of those due in 10 s, (1 − w)/(1 − ρ) / 10 wait longer than w.
    #[test]
    fn it_agrees_with_the_closed_form() {
        for (rate, service) in [(2_000.0, 14e-6), (10_000.0, 13.5e-6), (10_000.0, 1e-6)] {
            let stop = Stop { from: 4.0, until: 5.0, service };
            let responses = stop.responses(rate, (10.0 * rate) as usize);
            let busy = rate * service;
            for q in [0.95, 0.99, 0.999] {
                let closed = 1.0 - (1.0 - q) * 10.0 * (1.0 - busy);
                let found = quantile(&responses, q) as f64 / 1e9;
                assert!((found / closed - 1.0).abs() < 0.002, "{rate}/s, {q}: {found} and {closed}");
            }
        }
    }

    #[test]
    fn without_a_stop_each_takes_its_service_time() {
        let stop = Stop { from: 1e9, until: 1e9, service: 50e-6 };
        assert!(stop.responses(1_000.0, 100).iter().all(|response| response.abs_diff(50_000) <= 1));
    }
}
