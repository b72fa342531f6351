//! A real Prometheus, on a free port, with an empty store.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) struct Prometheus {
    child: Child,
    port: u16,
    _dir: TempDir,
}

/// What it is to be.
#[derive(Default)]
pub(crate) struct Settings<'a> {
    /// It takes remote write.
    pub(crate) receives: bool,
    /// Samples as much older than the newest one are taken: `1d`.
    pub(crate) out_of_order: Option<&'a str>,
    /// Blocks to serve; moved into its store.
    pub(crate) blocks: Option<&'a Path>,
}

impl Prometheus {
    pub(crate) fn start(settings: &Settings<'_>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("prometheus.yml");
        let window = settings.out_of_order.unwrap_or("0s");
        std::fs::write(&config, format!("storage:\n  tsdb:\n    out_of_order_time_window: {window}\n")).unwrap();
        let store = dir.path().join("store");
        match settings.blocks {
            Some(blocks) => std::fs::rename(blocks, &store).unwrap(),
            None => std::fs::create_dir(&store).unwrap(),
        }
        let log = dir.path().join("log");
        let spawn = |port: u16| {
            let mut command = Command::new("prometheus");
            command
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.tsdb.path={}", store.display()))
                // What is tested is older than the default keeps.
                .arg("--storage.tsdb.retention.time=10y")
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .stdout(File::create(&log).unwrap())
                .stderr(File::create(&log).unwrap());
            if settings.receives {
                command.arg("--web.enable-remote-write-receiver");
            }
            command.spawn().expect("these tests need Prometheus; on Debian: apt-get install prometheus")
        };
        let port = free_port();
        let mut prometheus = Self { child: spawn(port), port, _dir: dir };
        while !prometheus.becomes_ready(&log) {
            prometheus.port = free_port();
            prometheus.child = spawn(prometheus.port);
        }
        prometheus
    }

    /// False: somebody else was given the port before Prometheus had it.
    fn becomes_ready(&mut self, log: &Path) -> bool {
        let begun = Instant::now();
        loop {
            let told = || std::fs::read_to_string(log).unwrap();
            let is_ready = self.get("/-/ready").is_some_and(|(status, _)| status == 200);
            // Whoever has the port may be ready, too.
            if self.child.try_wait().unwrap().is_some() {
                assert!(told().contains("address already in use"), "Prometheus ended: {}", told());
                return false;
            }
            if is_ready {
                return true;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "Prometheus is not ready: {}", told());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// HTTP/1.0, so that the body has no framing of its own.
    fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let (status, body) = self.get(&format!("/api/v1/{path}?{}", query.join("&"))).unwrap();
        let answer: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status}: {body}"));
        assert_eq!(answer["status"], "success", "{parameters:?}: {answer}");
        answer["data"].clone()
    }

    /// The raw samples of the one series that `selector` selects, in the hour up to `end_ms`: milliseconds and value.
    pub(crate) fn samples(&self, selector: &str, end_ms: i64) -> BTreeMap<i64, f64> {
        let time = format!("{}.{:03}", end_ms / 1_000, end_ms % 1_000);
        let data = self.api("query", &[("query", &format!("{selector}[1h]")), ("time", &time)]);
        let series = data["result"].as_array().unwrap();
        assert_eq!(series.len(), 1, "{selector}: {data}");
        let values = series[0]["values"].as_array().unwrap().iter();
        values
            .map(|pair| {
                let at = (pair[0].as_f64().unwrap() * 1e3).round() as i64;
                (at, pair[1].as_str().unwrap().parse().unwrap())
            })
            .collect()
    }

    /// What an expression gives from `start_ms` to `end_ms`, in steps of a second: the series.
    pub(crate) fn range(&self, expression: &str, start_ms: i64, end_ms: i64) -> Vec<Value> {
        let [start, end] = [start_ms, end_ms].map(|ms| format!("{}.{:03}", ms / 1_000, ms % 1_000));
        let data = self.api("query_range", &[("query", expression), ("start", &start), ("end", &end), ("step", "1")]);
        data["result"].as_array().unwrap().clone()
    }

    /// What an expression gives at an instant: the values by series.
    pub(crate) fn at(&self, expression: &str, ms: i64) -> Vec<f64> {
        let time = format!("{}.{:03}", ms / 1_000, ms % 1_000);
        let data = self.api("query", &[("query", expression), ("time", &time)]);
        data["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|series| series["value"][1].as_str().unwrap().parse().unwrap())
            .collect()
    }

    /// The names of all metrics, or values of another label.
    pub(crate) fn values_of(&self, label: &str) -> Vec<String> {
        serde_json::from_value(self.api(&format!("label/{label}/values"), &[])).unwrap()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}
