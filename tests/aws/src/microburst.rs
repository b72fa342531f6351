//! Faults of the API itself, by microburst in front of an emulator.

use crate::emulator::Emulator;
use crate::http::ask;
use serde_json::Value;

/// A microburst of one's own.
#[derive(Debug)]
pub struct Microburst {
    emulator: Emulator,
}

impl Microburst {
    /// In front of an emulator. It changes nothing until it has rules.
    pub fn before(upstream: &str) -> Self {
        Self { emulator: Emulator::start(&["microburst", upstream], "/_microburst/health") }
    }

    /// What takes the place of the emulator's address.
    pub fn url(&self) -> &str {
        self.emulator.url()
    }

    /// From now on these rules, and no others: a list as microburst's documentation has it. The first that fits a
    /// request decides. For example
    /// `json!([{"service": "fis", "operation": "StopExperiment", "times": 5, "error": {"code": "ThrottlingException"}}])`.
    ///
    /// # Panics
    /// If it takes them not.
    pub async fn rules(&self, rules: Value) {
        let set = ask(self.url(), "POST", "/_microburst/rules", Some(&rules)).await;
        set.unwrap_or_else(|error| panic!("{error}"));
    }

    /// What it has done so far, as `service operation action`: `fis StopExperiment error:ThrottlingException`.
    pub async fn fired(&self) -> Vec<String> {
        let fired = ask(self.url(), "GET", "/_microburst/fired?limit=1000", None).await;
        let fired = fired.unwrap_or_else(|error| panic!("{error}"));
        let word = |event: &Value, key: &str| event[key].as_str().unwrap_or("?").to_owned();
        let line = |e: &Value| format!("{} {} {}", word(e, "service"), word(e, "operation"), word(e, "action"));
        fired.as_array().expect("it is a list").iter().map(line).collect()
    }
}
