//! From arguments and environment to destinations, and what is done with them.

use super::{Export, Format, Signal, Spelling};
use crate::context::Place;
use crate::export::{
    Client, Credentials, Delivery, Encoding, Endpoint, Grafana, OpenMetrics, Origin, Otlp, RemoteWrite, Selection,
    Summary,
};
use crate::output::{print, print_json};
use crate::status::Status;
use chaos_runtime::{Error, Result, Secret};
use clap::error::ErrorKind;

/// The service that experiments are part of, unless OTEL_SERVICE_NAME names another.
const SERVICE: &str = "chaos-test";

pub(super) fn carry_out(export: &Export, place: &Place) -> Result<Status> {
    let destinations = Destinations::of(export)?;
    let selection = Selection::read(&export.which, &origin(export)?, || place.reports())?;
    let deliveries = destinations.deliver(&selection, export.dry_run)?;
    let summary = Summary::new(selection, deliveries, export.dry_run);
    let to_stdout = !export.dry_run && destinations.openmetrics.as_ref().is_some_and(OpenMetrics::is_stdout);
    match export.format {
        // Standard output has the metrics.
        _ if to_stdout => eprint!("{}", summary.text()),
        Format::Text => print(&summary.text())?,
        Format::Json => print_json(&summary)?,
    }
    Ok(if summary.all_arrived() { Status::of(summary.all_read()) } else { Status::Failed })
}

#[derive(Debug)]
struct Destinations {
    otlp: Option<Otlp>,
    openmetrics: Option<OpenMetrics>,
    remote_write: Option<RemoteWrite>,
    grafana: Option<Grafana>,
    credentials: Credentials,
    needs_tls: bool,
}

impl Destinations {
    fn of(export: &Export) -> Result<Self> {
        let network = [&export.otlp, &export.remote_write, &export.grafana].into_iter().flatten().count();
        if network == 0 && export.openmetrics.is_none() {
            wrong_usage(
                ErrorKind::MissingRequiredArgument,
                "name a destination: --otlp, --openmetrics, --remote-write or --grafana",
            );
        }
        let has_credentials = !export.headers.is_empty() || export.token_env.is_some();
        if has_credentials && network > 1 {
            wrong_usage(
                ErrorKind::ArgumentConflict,
                "credentials would go to several receivers: export to one after the other",
            );
        }
        let mut credentials = Credentials::default();
        let otlp = export.otlp.as_deref().map(|url| otlp(export, url, &mut credentials)).transpose()?;
        for header in &export.headers {
            let (name, value) = header
                .split_once('=')
                .ok_or_else(|| Error::new("a --header has no `=`").help("write it as --header NAME=VALUE"))?;
            credentials.add(name, value)?;
        }
        if let Some(variable) = &export.token_env {
            let token = Secret::from_env(variable)
                .map_err(|error| Error::new(error.message()).help("put the token into it, or name another variable"))?;
            credentials.add_token(export.user.as_deref(), &token)?;
        }
        let remote_write = export.remote_write.as_deref().map(RemoteWrite::new).transpose()?;
        let grafana = export.grafana.as_deref().map(|url| Grafana::new(url, export.dashboard.clone())).transpose()?;
        let urls = [&export.remote_write, &export.grafana].into_iter().flatten();
        let needs_tls = urls.into_iter().any(|url| is_https(url))
            || otlp.as_ref().is_some_and(|otlp| otlp.traces.iter().chain(&otlp.metrics).any(Endpoint::is_tls));
        let openmetrics = export.openmetrics.clone().map(OpenMetrics::new);
        Ok(Self { otlp, openmetrics, remote_write, grafana, credentials, needs_tls })
    }

    /// Sends to all of them; what goes wrong with one does not keep the others from theirs.
    fn deliver(&self, selection: &Selection, dry_run: bool) -> Result<Vec<Delivery>> {
        let experiments = &selection.experiments;
        let mut deliveries = Vec::new();
        if let Some(openmetrics) = &self.openmetrics {
            deliveries.push(openmetrics.deliver(experiments, dry_run));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let client = if dry_run { None } else { Some(Client::new(self.credentials.clone(), self.needs_tls)?) };
            if let Some(otlp) = &self.otlp {
                deliveries.extend(otlp.deliver(client.as_ref(), experiments).await);
            }
            if let Some(remote_write) = &self.remote_write {
                deliveries.push(remote_write.deliver(client.as_ref(), experiments).await);
            }
            if let Some(grafana) = &self.grafana {
                deliveries.push(grafana.deliver(client.as_ref(), experiments).await);
            }
            Ok(deliveries)
        })
    }
}

fn is_https(url: &str) -> bool {
    Endpoint::parse(url).is_ok_and(|endpoint| endpoint.is_tls())
}

/// OTLP as the arguments say, and where they don't, as the variables of the OpenTelemetry specification do
/// (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/>).
fn otlp(export: &Export, url: &str, credentials: &mut Credentials) -> Result<Otlp> {
    let base = if url.is_empty() { variable("OTEL_EXPORTER_OTLP_ENDPOINT") } else { Some(url.to_owned()) };
    let base = base.map(|url| Endpoint::parse(&url)).transpose()?;
    let signal = |name: &str, path: &str| {
        // What is named on the command line outranks the variables.
        let own = url.is_empty().then(|| variable(&format!("OTEL_EXPORTER_OTLP_{name}_ENDPOINT"))).flatten();
        match own {
            Some(own) => Endpoint::parse(&own).map(Some),
            None => Ok(base.as_ref().map(|base| base.join(path))),
        }
    };
    let traces = if export.otlp_signal == Some(Signal::Metrics) { None } else { signal("TRACES", "/v1/traces")? };
    let metrics = if export.otlp_signal == Some(Signal::Traces) { None } else { signal("METRICS", "/v1/metrics")? };
    if traces.is_none() && metrics.is_none() {
        return Err(Error::new("--otlp has no URL, and OTEL_EXPORTER_OTLP_ENDPOINT is not set")
            .help("name the receiver: --otlp http://localhost:4318"));
    }
    for (name, value) in pairs("OTEL_EXPORTER_OTLP_HEADERS")? {
        credentials.add(&name, &value)?;
    }
    let encoding = match (export.otlp_encoding, variable("OTEL_EXPORTER_OTLP_PROTOCOL").as_deref()) {
        (Some(Spelling::Protobuf), _) | (None, None | Some("http/protobuf")) => Encoding::Protobuf,
        (Some(Spelling::Json), _) | (None, Some("http/json")) => Encoding::Json,
        (None, Some(other)) => {
            return Err(Error::new(format!("OTEL_EXPORTER_OTLP_PROTOCOL is `{other}`, which is not known here"))
                .help("send by HTTP (a collector's port 4318): --otlp URL --otlp-encoding protobuf"));
        }
    };
    Ok(Otlp { traces, metrics, encoding })
}

fn origin(export: &Export) -> Result<Origin> {
    let mut labels = Vec::new();
    for label in &export.labels {
        let (name, value) = label.split_once('=').unwrap_or((label, ""));
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !name.starts_with("__");
        let fine = starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !fine || value.is_empty() {
            return Err(Error::new(format!("--label {label} is none that Prometheus allows"))
                .help("write it as --label NAME=VALUE, with a name of letters, digits and `_`"));
        }
        labels.push((name.to_owned(), value.to_owned()));
    }
    let resource = pairs("OTEL_RESOURCE_ATTRIBUTES")?;
    let named = resource.iter().find(|(name, _)| name == "service.name").map(|(_, value)| value.clone());
    let service = variable("OTEL_SERVICE_NAME").or(named).unwrap_or_else(|| SERVICE.to_owned());
    Ok(Origin { service, labels, resource })
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// `name=value,name=value` with percent-encoded values, as W3C Baggage has them.
fn pairs(name: &str) -> Result<Vec<(String, String)>> {
    let wrong = || Error::new(format!("{name} is malformed")).help("write it as NAME=VALUE,NAME=VALUE");
    let text = variable(name).unwrap_or_default();
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            Ok((name.trim().to_owned(), decoded(value.trim()).ok_or_else(wrong)?))
        })
        .collect()
}

/// `%41` becomes `A`; `None` if it is no text then.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, later)) = rest.split_first() {
        let digits = later.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { &later[2..] } else { later };
    }
    String::from_utf8(bytes).ok()
}

fn wrong_usage(kind: ErrorKind, message: &str) -> ! {
    use clap::CommandFactory as _;
    let mut command = crate::cli::Cargo::command();
    command.build();
    let export = command.find_subcommand_mut("chaos").and_then(|chaos| chaos.find_subcommand_mut("export"));
    match export {
        Some(export) => export.error(kind, message).exit(),
        None => clap::Error::raw(kind, message).exit(),
    }
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn values_of_headers_are_percent_decoded() {
        assert_eq!(decoded("Bearer%20a%2Cb").as_deref(), Some("Bearer a,b"));
        assert_eq!(decoded("50% %4").as_deref(), Some("50% %4"));
        assert_eq!(decoded("%FF"), None);
    }
}
