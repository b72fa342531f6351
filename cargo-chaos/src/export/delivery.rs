//! What was exported, and what became of it.

use super::identity::{Experiment, hex};
use super::select::Selection;
use chaos_runtime::Error;
use chaos_runtime::report::journal::Verdict;
use serde::Serialize;
use std::fmt::Write as _;

/// Where something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    OtlpTraces,
    OtlpMetrics,
    OpenMetrics,
    RemoteWrite,
    Grafana,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::OtlpTraces => "OTLP traces",
            Self::OtlpMetrics => "OTLP metrics",
            Self::OpenMetrics => "OpenMetrics",
            Self::RemoteWrite => "remote write",
            Self::Grafana => "Grafana",
        }
    }

    fn items(self) -> &'static str {
        match self {
            Self::OtlpTraces => "spans",
            Self::OtlpMetrics => "data points",
            Self::OpenMetrics | Self::RemoteWrite => "samples",
            Self::Grafana => "annotations",
        }
    }
}

/// What went to one destination.
#[derive(Debug, Serialize)]
pub(crate) struct Delivery {
    /// Which protocol.
    pub(crate) kind: Kind,
    /// The URL without credentials and query, or the file.
    pub(crate) address: String,
    /// Spans, data points, samples or annotations that were accepted; in a dry run, that would be sent.
    pub(crate) items: u64,
    /// Annotations that were there already.
    pub(crate) already_there: u64,
    /// Requests that carried them.
    pub(crate) requests: u64,
    /// Their bodies' length, or the file's.
    pub(crate) bytes: u64,
    /// Requests that were sent again, as the receiver was busy.
    pub(crate) retries: u64,
    /// Why not all of it was accepted.
    pub(crate) error: Option<String>,
    /// The way out.
    pub(crate) help: Option<String>,
}

impl Delivery {
    pub(crate) fn new(kind: Kind, address: String) -> Self {
        Self { kind, address, items: 0, already_there: 0, requests: 0, bytes: 0, retries: 0, error: None, help: None }
    }

    /// A request with so many items was accepted.
    pub(crate) fn sent(&mut self, items: usize, bytes: usize) {
        self.requests += 1;
        self.items += items as u64;
        self.bytes += bytes as u64;
    }

    /// Notes the first error.
    pub(crate) fn fail_with(&mut self, error: Option<Error>) {
        if let Some(error) = error
            && self.error.is_none()
        {
            // As shown: without secrets.
            let shown = error.to_string();
            let (what, help) = match shown.split_once("\nhelp: ") {
                Some((what, help)) => (what, Some(help)),
                None => (shown.as_str(), None),
            };
            (self.error, self.help) = (Some(what.to_owned()), help.map(str::to_owned));
        }
    }
}

/// One experiment in the answer.
#[derive(Debug, Serialize)]
struct Exported {
    name: String,
    package: String,
    binary: String,
    run_id: String,
    verdict: Verdict,
    started_at: String,
    duration_us: u64,
    trace_id: String,
    series: u64,
    samples: u64,
}

/// The command's answer.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    dry_run: bool,
    runs: Vec<String>,
    experiments: Vec<Exported>,
    destinations: Vec<Delivery>,
    left_out: Vec<String>,
    unreadable: Vec<String>,
}

impl Summary {
    pub(crate) fn new(selection: Selection, destinations: Vec<Delivery>, dry_run: bool) -> Self {
        let Selection { experiments, runs, left_out, unreadable, .. } = selection;
        let experiments = experiments.iter().map(exported).collect();
        Self { dry_run, runs, experiments, destinations, left_out, unreadable }
    }

    /// Whether all of it arrived.
    pub(crate) fn all_arrived(&self) -> bool {
        self.destinations.iter().all(|delivery| delivery.error.is_none())
    }

    /// Whether all that was asked for could be read.
    pub(crate) fn all_read(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        let samples: u64 = self.experiments.iter().map(|experiment| experiment.samples).sum();
        let series: u64 = self.experiments.iter().map(|experiment| experiment.series).sum();
        let runs = match self.runs.as_slice() {
            [] => "no run".to_owned(),
            [run] => format!("run {run}"),
            runs => format!("{} runs", runs.len()),
        };
        let experiments = counted(self.experiments.len() as u64, "experiment");
        let _ = writeln!(out, "{runs}: {experiments}, {series} series, {}", counted(samples, "sample"));
        for delivery in &self.destinations {
            let _ = writeln!(out, "  {:<12}  {}", delivery.kind.name(), delivery.address);
            let _ = writeln!(out, "  {:<12}  {}", "", self.outcome(delivery));
            if let Some(error) = &delivery.error {
                let _ = writeln!(out, "  {:<12}  error: {}", "", error.replace('\n', "\n                "));
            }
            if let Some(help) = &delivery.help {
                let _ = writeln!(out, "  {:<12}  help: {help}", "");
            }
        }
        for what in &self.left_out {
            let _ = writeln!(out, "  left out: {what}");
        }
        for what in &self.unreadable {
            let _ = writeln!(out, "  unreadable: {what}");
        }
        if self.dry_run {
            out.push_str("a dry run: nothing was sent or written\n");
        }
        out
    }

    fn outcome(&self, delivery: &Delivery) -> String {
        let Delivery { kind, items, already_there, requests, retries, error, .. } = delivery;
        let mut text = format!("{items} {}", kind.items());
        text += if self.dry_run {
            " to send"
        } else if *kind == Kind::OpenMetrics {
            " written"
        } else {
            " accepted"
        };
        if *requests > 0 {
            text += &format!(" in {}", counted(*requests, "request"));
        }
        if *already_there > 0 {
            text += &format!(", {already_there} there already");
        }
        if *retries > 0 {
            text += &format!(", {retries} sent again");
        }
        if error.is_some() {
            text += ", then it failed";
        }
        text
    }
}

fn exported(experiment: &Experiment) -> Exported {
    let journal = &experiment.journal;
    let series = experiment.series();
    Exported {
        name: journal.experiment.name.clone(),
        package: journal.experiment.package.clone(),
        binary: journal.experiment.binary.clone(),
        run_id: journal.run.id.clone(),
        verdict: journal.verdict,
        started_at: journal.run.started_at.clone(),
        duration_us: journal.duration_us,
        trace_id: hex(&experiment.trace_id()),
        series: series.len() as u64,
        samples: series.iter().map(|series| series.points.len() as u64).sum(),
    }
}

fn counted(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
