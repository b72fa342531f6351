//! `cargo chaos export`.

use crate::context::Place;
use crate::status::Status;
use chaos_runtime::Result;
use std::path::PathBuf;

/// Send runs to OpenTelemetry, Prometheus or Grafana: phases, faults and everything that was measured.
///
/// It reads journals, so it can be done at any time after a run, also after one that was killed, and as often as one
/// likes: the same run is the same trace, the same samples and the same annotations each time.
#[derive(Debug, clap::Args)]
#[cfg_attr(not(feature = "export"), allow(dead_code))]
#[command(after_help = "Examples:
  cargo chaos export --otlp http://localhost:4318
  cargo chaos export --remote-write http://localhost:9090
  cargo chaos export --grafana https://grafana.example --token-env GRAFANA_TOKEN
  cargo chaos export target/chaos/runs/* --openmetrics chaos.om
  promtool tsdb create-blocks-from openmetrics chaos.om /var/lib/prometheus

Exit codes: 0 all of it arrived; 1 it arrived, but some journals can't be read; 2 wrong usage; \
3 not all of it arrived.")]
pub(crate) struct Export {
    /// Runs by id, folders of runs, or journals [default: the newest run].
    #[arg(value_name = "RUN|PATH")]
    which: Vec<String>,

    /// Send traces and metrics by OTLP/HTTP; /v1/traces and /v1/metrics are added to the URL.
    /// Without a URL: $OTEL_EXPORTER_OTLP_ENDPOINT.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "", help_heading = "Destinations")]
    otlp: Option<String>,
    /// Write OpenMetrics text with timestamps to a file; `-` is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Destinations")]
    openmetrics: Option<PathBuf>,
    /// Send series by Prometheus remote write 1.0; /api/v1/write is added to a URL without a path.
    #[arg(long, value_name = "URL", help_heading = "Destinations")]
    remote_write: Option<String>,
    /// Annotate in Grafana: a region for each phase and fault. What is there already is not added again.
    #[arg(long, value_name = "URL", help_heading = "Destinations")]
    grafana: Option<String>,

    /// Which signals go by OTLP [default: both].
    #[arg(long, value_enum, value_name = "SIGNAL", requires = "otlp", help_heading = "Details")]
    otlp_signal: Option<Signal>,
    /// How OTLP messages are written [default: $OTEL_EXPORTER_OTLP_PROTOCOL, else protobuf].
    #[arg(long, value_enum, value_name = "ENCODING", requires = "otlp", help_heading = "Details")]
    otlp_encoding: Option<Spelling>,
    /// Only this dashboard shows the annotations, by its uid.
    #[arg(long, value_name = "UID", requires = "grafana", help_heading = "Details")]
    dashboard: Option<String>,
    /// Add a label to every series, for what a service's own series are told apart by: env=staging.
    #[arg(long = "label", value_name = "NAME=VALUE", help_heading = "Details")]
    labels: Vec<String>,

    /// Send this header. For secrets, --token-env is better: a command line is seen by others.
    #[arg(long = "header", value_name = "NAME=VALUE", help_heading = "Credentials")]
    headers: Vec<String>,
    /// Send the token in this environment variable, as `Authorization: Bearer …`.
    #[arg(long, value_name = "VARIABLE", help_heading = "Credentials")]
    token_env: Option<String>,
    /// With --token-env: send it as the password of this user, as `Authorization: Basic …`.
    #[arg(long, value_name = "NAME", requires = "token_env", help_heading = "Credentials")]
    user: Option<String>,

    /// Make everything, send and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// How the command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON value.
    Json,
}

/// What OTLP carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Signal {
    /// Spans of experiments, phases and faults.
    Traces,
    /// The measured series.
    Metrics,
}

/// How OTLP messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Spelling {
    /// As every receiver takes it.
    Protobuf,
    /// To be read by people.
    Json,
}

impl Export {
    #[cfg(not(feature = "export"))]
    pub(crate) fn run(&self, _place: &Place) -> Result<Status> {
        Err(chaos_runtime::Error::new("this cargo-chaos was built without its feature `export`")
            .help("install it with that feature, or without `--no-default-features`"))
    }

    #[cfg(feature = "export")]
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        plan::carry_out(self, place)
    }
}

#[cfg(feature = "export")]
#[path = "export/plan.rs"]
mod plan;
