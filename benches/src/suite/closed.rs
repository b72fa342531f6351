//! Closed loops: how much of a bare client's throughput is left, and what a request costs.

use crate::bench::{Bench, Side};
use crate::peer::{nginx, oha, wrk};
use crate::row::{Row, Target};
use crate::series::{Contestant, alternate, named};

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>, String> {
    let (_server, address) = nginx::start(bench)?;
    let url = &format!("http://{address}/");
    let mut rows = Vec::new();
    let (wrk, oha) = (wrk::installed(), oha::installed());
    for connections in [1, 16, 64] {
        let seconds = bench.seconds.to_string();
        let ours = |how: &'static str| {
            let (seconds, connections) = (seconds.clone(), connections.to_string());
            Contestant::new(how, move || bench.ask(Side::Measured, &["closed", how, url, &connections, &seconds]))
        };
        let mut contestants = vec![ours("ours"), ours("reqwest"), ours("ours-bare"), ours("hyper")];
        if let Some(wrk) = &wrk {
            let run = move || wrk::run(bench, Side::Measured, wrk, url, connections, bench.seconds);
            contestants.push(Contestant::new("wrk", run));
        }
        if let Some(oha) = &oha {
            contestants.push(Contestant::new("oha", move || oha::closed(bench, oha, url, connections, bench.seconds)));
        }
        let all = alternate(bench.repeats, contestants);
        let at = |what: &str| format!("{what}, {connections} connections");
        let mut row = |what: &str, ours: &str, peer: &str, key: &str, target: Target| {
            if let (Some(ours), Some(peer)) = (named(&all, ours), named(&all, peer)) {
                rows.push(Row::ratio(&at(what), ours, peer, key, target));
            }
        };
        // The targets are of 64 connections.
        let of_64 = |target| if connections == 64 { target } else { Target::None };
        row("`http::get`: req/s", "ours", "reqwest", "per_second", of_64(Target::AtLeast(0.95)));
        row("`http::get`: CPU µs per request", "ours", "reqwest", "cpu_us", of_64(Target::AtMost(1.06)));
        row("`bare_http1`: req/s", "ours-bare", "hyper", "per_second", of_64(Target::AtLeast(0.95)));
        row("`bare_http1`: CPU µs per request", "ours-bare", "hyper", "cpu_us", Target::None);
        row("`bare_http1`: req/s", "ours-bare", "oha", "per_second", of_64(Target::AtLeast(1.2)));
        row("`bare_http1`: CPU µs per request", "ours-bare", "oha", "cpu_us", Target::None);
        row("`http::get`: req/s", "ours", "wrk", "per_second", Target::None);
        row("`bare_http1`: req/s", "ours-bare", "wrk", "per_second", Target::None);
        row("`bare_http1`: CPU µs per request", "ours-bare", "wrk", "cpu_us", Target::None);
    }
    rows.extend([("wrk", wrk), ("oha", oha)].iter().filter(|(_, at)| at.is_none()).map(|(name, _)| Row::missing(name)));
    Ok(rows)
}
