//! Annotations over Grafana's HTTP API
//! (<https://grafana.com/docs/grafana/latest/developers/http_api/annotations/>).

use super::annotation::{Annotation, TAG};
use super::delivery::{Delivery, Kind};
use super::http::{Client, Endpoint, Request, Retry};
use super::identity::Experiment;
use bytes::Bytes;
use chaos_runtime::{Error, Result};
use http::Method;
use serde::Deserialize;
use std::collections::HashSet;

/// Most annotations that Grafana is asked for at once; an experiment has few.
const MOST: usize = 10_000;

/// A Grafana.
#[derive(Debug)]
pub(crate) struct Grafana {
    endpoint: Endpoint,
    dashboard: Option<String>,
}

/// What is read of an annotation that is there.
#[derive(Debug, Deserialize)]
struct Known {
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default, rename = "dashboardUID")]
    dashboard: Option<String>,
}

impl Grafana {
    /// `url` is where Grafana's start page is; with `dashboard`, only that one shows them.
    pub(crate) fn new(url: &str, dashboard: Option<String>) -> Result<Self> {
        Ok(Self { endpoint: Endpoint::parse(url)?.join("/api/annotations"), dashboard })
    }

    pub(crate) async fn deliver(&self, client: Option<&Client>, experiments: &[Experiment]) -> Delivery {
        let mut delivery = Delivery::new(Kind::Grafana, self.endpoint.to_string());
        for experiment in experiments {
            if let Err(error) = self.annotate(client, experiment, &mut delivery).await {
                delivery.fail_with(Some(error));
                break;
            }
        }
        delivery
    }

    async fn annotate(&self, client: Option<&Client>, experiment: &Experiment, delivery: &mut Delivery) -> Result {
        let annotations = experiment.annotations();
        let known = match client {
            Some(client) if !annotations.is_empty() => self.known(client, &annotations, delivery).await?,
            _ => HashSet::new(),
        };
        for annotation in annotations {
            if known.contains(annotation.id()) {
                delivery.already_there += 1;
                continue;
            }
            let annotation = Annotation { dashboard: self.dashboard.clone(), ..annotation };
            let body = serde_json::to_vec(&annotation)?;
            let bytes = body.len();
            if let Some(client) = client {
                let request = Request {
                    method: Method::POST,
                    headers: &[("content-type", "application/json"), ("accept", "application/json")],
                    body: body.into(),
                    retry: Retry::Busy,
                };
                let answer = client.send(&self.endpoint, request).await?.accepted(way_out)?;
                delivery.retries += answer.retries;
            }
            delivery.sent(1, bytes);
        }
        Ok(())
    }

    /// The ids of those that are there already.
    async fn known(
        &self,
        client: &Client,
        annotations: &[Annotation],
        delivery: &mut Delivery,
    ) -> Result<HashSet<String>> {
        let from = annotations.iter().map(|annotation| annotation.time).min().unwrap_or_default();
        let to = annotations.iter().map(|annotation| annotation.time_end.unwrap_or(annotation.time)).max();
        // A millisecond more on either side, as nothing says whether the ends are in.
        let (from, to) = (from - 1, to.unwrap_or(from) + 1);
        let experiment = &annotations[0].tags[2];
        let mut query =
            format!("from={from}&to={to}&type=annotation&limit={MOST}&tags={TAG}&tags={}", encoded(experiment));
        if let Some(dashboard) = &self.dashboard {
            query += &format!("&dashboardUID={}", encoded(dashboard));
        }
        let request = Request {
            method: Method::GET,
            headers: &[("accept", "application/json")],
            body: Bytes::new(),
            retry: Retry::Otlp,
        };
        let answer = client.send(&self.endpoint.query(query), request).await?.accepted(way_out)?;
        delivery.retries += answer.retries;
        let known: Vec<Known> = serde_json::from_slice(&answer.body).map_err(|error| {
            Error::new(format!("{} answered with something else than annotations", self.endpoint))
                .caused_by(error)
                .help("name the URL of Grafana's start page")
        })?;
        // One that all dashboards show is another one than that of a single dashboard.
        let here = known.into_iter().filter(|known| {
            let theirs = known.dashboard.as_deref().unwrap_or_default();
            theirs == self.dashboard.as_deref().unwrap_or_default()
        });
        Ok(here.flat_map(|known| known.tags).filter(|tag| tag.starts_with("chaos-id:")).collect())
    }
}

fn way_out(status: u16, _: &str) -> Option<&'static str> {
    match status {
        401 => Some("give a token of a Grafana service account with --token-env VARIABLE"),
        403 => Some(
            "the token may not do that: its service account needs the role Editor, or the permissions annotations:read \
             and annotations:create",
        ),
        404 | 405 => Some("name the URL of Grafana's start page, with the path that it is served under"),
        _ => None,
    }
}

/// For a query: all but unreserved characters as `%XX`.
fn encoded(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes()
        .map(|byte| if unreserved(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_query_is_encoded() {
        assert_eq!(encoded("experiment:a::b & ü"), "experiment%3Aa%3A%3Ab%20%26%20%C3%BC");
    }
}
