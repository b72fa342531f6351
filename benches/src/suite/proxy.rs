//! Proxies: what they take from a service's speed, what they cost, and how true a latency is.

use crate::bench::{Bench, Side};
use crate::peer::{haproxy, nginx, noxious, wrk};
use crate::process::Child;
use crate::reading::Reading;
use crate::row::{Row, Target};
use crate::series::{Contestant, Series, alternate, named};

/// A proxy that runs, or none at all.
struct Path {
    name: &'static str,
    child: Option<Child>,
    address: String,
}

impl Path {
    /// Everyone who is installed, in front of an address; with a latency those who can.
    fn all(bench: &Bench, upstream: &str, latency: u64) -> Result<Vec<Self>, String> {
        let path = |name, (child, address)| Self { name, child: Some(child), address };
        let role = |args: &[&str]| bench.serve(Side::Measured, args);
        let mut all = vec![path("ours", role(&["proxy", upstream, &latency.to_string()])?)];
        if let Some(program) = noxious::installed() {
            all.push(path("noxious", noxious::start(bench, &program, upstream, latency)?));
        }
        if latency == 0 {
            all.push(path("copy", role(&["copy", upstream])?));
            if let Some(program) = haproxy::installed() {
                all.push(path("haproxy", haproxy::start(bench, &program, upstream)?));
            }
            all.push(Self { name: "direct", child: None, address: upstream.to_owned() });
        }
        Ok(all)
    }

    /// What the proxy's process spends while something is done.
    fn cpu_seconds<T>(&self, run: impl FnOnce() -> Result<T, String>) -> Result<(T, f64), String> {
        let cpu = || self.child.as_ref().map_or(0.0, |child| child.cpu().as_secs_f64());
        let before = cpu();
        Ok((run()?, cpu() - before))
    }

    fn requests(&self, bench: &Bench) -> Result<Reading, String> {
        let (url, seconds) = (format!("http://{}/", self.address), bench.seconds.to_string());
        let (reading, cpu) = self.cpu_seconds(|| match wrk::installed() {
            Some(program) => wrk::run(bench, Side::Server, &program, &url, 64, bench.seconds),
            None => bench.ask(Side::Server, &["closed", "hyper", &url, "64", &seconds]),
        })?;
        let operations = reading.get("operations").unwrap_or(f64::NAN);
        Ok(reading.with("cpu_us", cpu * 1e6 / operations))
    }

    fn roundtrips(&self, bench: &Bench) -> Result<Reading, String> {
        bench.ask(Side::Server, &["roundtrip", &self.address, "500", &bench.seconds.to_string()])
    }

    fn bulk(&self, bench: &Bench) -> Result<Reading, String> {
        let seconds = bench.seconds.to_string();
        let (reading, cpu) = self.cpu_seconds(|| bench.ask(Side::Server, &["sink", &self.address, &seconds]))?;
        let gib = reading.get("bytes").unwrap_or(f64::NAN) / f64::from(1 << 30);
        Ok(reading.with("cpu_s_per_gib", cpu / gib))
    }

    fn many(&self, bench: &Bench, connections: usize) -> Result<Reading, String> {
        let resident = || self.child.as_ref().map_or(f64::NAN, Child::resident_kb);
        let before = resident();
        let args = ["many", &self.address, &connections.to_string(), &bench.seconds.to_string()];
        let mut client = Child::start(bench.role(Side::Server, &args))?;
        let line = client.line()?;
        if line != "held" {
            return Err(line.strip_prefix("failed: ").unwrap_or(&line).to_owned());
        }
        let each = (resident() - before) / connections as f64;
        let (ended, cpu) = self.cpu_seconds(|| client.end())?;
        let reading = Reading::parse(&ended.output)?;
        let operations = reading.get("operations").unwrap_or(f64::NAN);
        Ok(reading.with("kb_each", each).with("cpu_us", cpu * 1e6 / operations))
    }
}

type Measure = fn(&Path, &Bench) -> Result<Reading, String>;

fn measured<'a>(bench: &'a Bench, paths: &'a [Path], measure: Measure) -> Vec<Series> {
    let turn = |path: &'a Path| Contestant::new(path.name, move || measure(path, bench));
    alternate(bench.repeats, paths.iter().map(turn).collect())
}

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>, String> {
    let (_server, service) = nginx::start(bench)?;
    let (_source, source) = bench.serve(Side::Server, &["source"])?;
    let mut rows = Vec::new();

    let paths = Path::all(bench, &service, 0)?;
    let requests = measured(bench, &paths, Path::requests);
    let peers = ["copy", "noxious", "haproxy", "direct"];
    for peer in peers {
        let target = if peer == "copy" { Target::AtLeast(0.97) } else { Target::None };
        ratio(&mut rows, "req/s, 64 connections", &requests, peer, "per_second", target);
    }
    for peer in &peers[..3] {
        ratio(&mut rows, "CPU µs per request, 64 connections", &requests, peer, "cpu_us", Target::None);
    }
    let times = measured(bench, &paths, Path::roundtrips);
    let added = beyond(&times, named(&times, "direct"), 0.0);
    for (what, key) in [("P50", "p50_us"), ("P99", "p99_us")] {
        beside(&mut rows, &format!("added {what} at 500/s, µs"), &added, key, Target::None);
    }

    let bulk = measured(bench, &Path::all(bench, &source, 0)?, Path::bulk);
    for peer in peers {
        let target = if peer == "copy" { Target::AtLeast(1.6) } else { Target::None };
        ratio(&mut rows, "bulk, MB/s", &bulk, peer, "mb_per_second", target);
    }
    beside(&mut rows, "bulk, CPU s/GiB", &bulk, "cpu_s_per_gib", Target::AtMost(0.2));

    let late = Path::all(bench, &service, 20)?;
    let late_times = measured(bench, &late, Path::roundtrips);
    let errors: Vec<Series> = late_times
        .iter()
        .flat_map(|series| beyond(std::slice::from_ref(series), named(&times, &series.name), 20_000.0))
        .collect();
    for (what, key, target) in [("P50", "p50_us", 100.0), ("P99", "p99_us", 500.0)] {
        let what = format!("latency of 20 ms: {what} beyond the proxy's own and 20 ms, µs");
        beside(&mut rows, &what, &errors, key, Target::AtMost(target));
    }
    let late_requests = measured(bench, &late, Path::requests);
    beside(&mut rows, "latency of 20 ms: req/s, 64 connections", &late_requests, "per_second", Target::None);
    beside(&mut rows, "latency of 20 ms: CPU µs per request", &late_requests, "cpu_us", Target::None);
    drop(late);
    let late_bulk = measured(bench, &Path::all(bench, &source, 20)?, Path::bulk);
    beside(&mut rows, "latency of 20 ms: bulk, MB/s", &late_bulk, "mb_per_second", Target::AtLeast(1_500.0));
    drop(paths);

    // A proxy has two descriptors for each connection.
    let most = usize::try_from(bench.descriptors.saturating_sub(200) / 2).unwrap_or(usize::MAX);
    for asked in if bench.quick { vec![200] } else { vec![1_000, 10_000] } {
        let connections = asked.min(most);
        let limited = format!(" (of {asked}: the limit is {} descriptors)", bench.descriptors);
        let limited = if connections < asked { limited.as_str() } else { "" };
        // A fresh process for each, as memory that was used once stays resident.
        for latency in [0, 20] {
            let paths = Path::all(bench, &service, latency)?;
            let proxies = paths.iter().filter(|path| path.child.is_some());
            let turns = proxies.map(|path| Contestant::new(path.name, move || path.many(bench, connections)));
            let all = alternate(1, turns.collect());
            let with = if latency == 0 { "" } else { ", latency of 20 ms" };
            let at = |what: &str| format!("{connections} connections{limited}{with}: {what}");
            beside(&mut rows, &at("held"), &all, "connections", Target::AtLeast(connections as f64));
            let target = if latency == 0 { Target::AtMost(20.0) } else { Target::None };
            beside(&mut rows, &at("KB each in the proxy"), &all, "kb_each", target);
            beside(&mut rows, &at("req/s, 64 in flight"), &all, "per_second", Target::None);
        }
    }
    for (name, at) in [("noxious", noxious::installed()), ("haproxy", haproxy::installed()), ("wrk", wrk::installed())]
    {
        if at.is_none() {
            rows.push(Row::missing(name));
        }
    }
    Ok(rows)
}

fn ratio(rows: &mut Vec<Row>, what: &str, all: &[Series], peer: &str, key: &str, target: Target) {
    if let (Some(ours), Some(peer)) = (named(all, "ours"), named(all, peer)) {
        rows.push(Row::ratio(what, ours, peer, key, target));
    }
}

/// Ours in figures, the others beside it.
fn beside(rows: &mut Vec<Row>, what: &str, all: &[Series], key: &str, target: Target) {
    let Some(ours) = named(all, "ours") else { return };
    let others = all.iter().filter(|series| series.name != "ours" && series.name != "direct");
    rows.push(others.fold(Row::absolute(what, ours, key, target), |row, peer| row.beside(peer, key)));
}

/// Response times less those of another path, and less what was asked for.
fn beyond(all: &[Series], base: Option<&Series>, asked_us: f64) -> Vec<Series> {
    let base = base.map_or(&[][..], |base| &base.readings);
    let less = |(reading, base): (&Result<Reading, String>, &Result<Reading, String>)| {
        let (reading, base) = (reading.as_ref().map_err(Clone::clone)?, base.as_ref().map_err(Clone::clone)?);
        let less = |key| reading.get(key).unwrap_or(f64::NAN) - base.get(key).unwrap_or(f64::NAN) - asked_us;
        Ok(["p50_us", "p99_us"].into_iter().fold(Reading::default(), |all, key| all.with(key, less(key))))
    };
    let of = |series: &Series| Series {
        name: series.name.clone(),
        readings: series.readings.iter().zip(base).map(less).collect(),
    };
    all.iter().map(of).collect()
}
