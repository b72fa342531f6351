//! Open loops: when requests arrive, and what the driver costs.

use crate::bench::{Bench, Side};
use crate::peer::oha;
use crate::process::Child;
use crate::reading::Reading;
use crate::row::{Row, Target};
use crate::series::{Contestant, alternate, named};

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let installed = oha::installed();
    for rate in [1_000, 10_000, 20_000] {
        let ours = |how: &'static str| Contestant::new(how, move || role(bench, how, rate));
        let mut contestants = vec![ours("ours"), ours("timerfd"), ours("ours-bare"), ours("sleep")];
        if let Some(oha) = &installed {
            let run = move || seen(bench, rate, |url| oha::open(bench, oha, url, rate, bench.seconds));
            contestants.push(Contestant::new("oha", run));
        }
        let all = alternate(bench.repeats, contestants);
        let [Some(ours), Some(bare), Some(timerfd), Some(sleep)] =
            ["ours", "ours-bare", "timerfd", "sleep"].map(|name| named(&all, name))
        else {
            continue;
        };
        let at = |what: &str| format!("{what}, {rate}/s");
        let of_10k = |target| if rate == 10_000 { target } else { Target::None };
        let mut absolute = |what: &str, key: &str, target: Target| {
            let row = Row::absolute(&at(what), ours, key, target);
            let row = [bare, timerfd, sleep].into_iter().fold(row, |row, peer| row.beside(peer, key));
            rows.push(match named(&all, "oha") {
                Some(oha) => row.beside(oha, key),
                None => row,
            });
        };
        absolute("arrivals sent of those due", "sent", Target::AtLeast(1.0));
        absolute("achieved per second", "achieved_per_second", Target::None);
        absolute("lag at the server, P50 µs", "lag_p50_us", of_10k(Target::AtMost(10.0)));
        absolute("lag at the server, P99 µs", "lag_p99_us", of_10k(Target::AtMost(25.0)));
        absolute("lag at the server, P99.9 µs", "lag_p999_us", Target::None);
        absolute("variation of gaps", "variation", of_10k(Target::AtMost(0.2)));
        for (what, mine, peer, target) in [
            ("`http::get`: CPU µs per request", "ours", "timerfd", of_10k(Target::AtMost(1.1))),
            ("`http::get`: CPU µs per request", "ours", "sleep", Target::None),
            ("`bare_http1`: CPU µs per request", "ours-bare", "timerfd", Target::None),
            ("`bare_http1`: CPU µs per request", "ours-bare", "oha", Target::None),
        ] {
            if let (Some(mine), Some(peer)) = (named(&all, mine), named(&all, peer)) {
                rows.push(Row::ratio(&at(what), mine, peer, "cpu_us", target));
            }
        }
    }
    if installed.is_none() {
        rows.push(Row::missing("oha"));
    }
    Ok(rows)
}

fn role(bench: &Bench, how: &str, rate: u32) -> Result<Reading, String> {
    let seconds = bench.seconds.to_string();
    seen(bench, rate, |url| bench.ask(Side::Measured, &["open", how, url, &rate.to_string(), "64", &seconds]))
}

/// Both what the driver says and what a server of its own has seen.
fn seen(bench: &Bench, rate: u32, drive: impl FnOnce(&str) -> Result<Reading, String>) -> Result<Reading, String> {
    let (server, address) = bench.serve(Side::Server, &["serve", &rate.to_string()])?;
    let driver = drive(&format!("http://{address}/"))?;
    let server = Reading::parse(&Child::end(server)?.output)?;
    let due = driver.get("due").unwrap_or(f64::from(rate) * bench.seconds as f64);
    let sent = server.get("arrived").unwrap_or(f64::NAN) / due;
    let keys = ["achieved_per_second", "lag_p50_us", "lag_p99_us", "lag_p999_us", "variation"];
    let seen = keys.into_iter().filter_map(|key| Some((key, server.get(key)?)));
    Ok(seen.fold(driver.with("sent", sent), |reading, (key, value)| reading.with(key, value)))
}
