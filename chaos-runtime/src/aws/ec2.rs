//! The one call to EC2 that evidence needs. Its SDK is 1.2 million lines; this is a signed request and a little XML.

use super::Session;
use super::error::by_code;
use super::session::TLS;
use crate::{Error, Result};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::error::display::DisplayErrorContext;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// How long the answer may take.
const LIMIT: Duration = Duration::from_secs(15);

/// The most values that a filter takes.
const MOST_VALUES: usize = 200;

/// The most instances that one answer tells of.
const PAGE: &str = "1000";

impl Session {
    /// The states of these instances, as EC2 tells them: `running`, `shutting-down`, `terminated`, … Those that it does
    /// not know any more are missing.
    pub(super) async fn instance_states(&self, ids: &[&str]) -> Result<BTreeMap<String, String>> {
        let mut states = BTreeMap::new();
        for ids in ids.chunks(MOST_VALUES) {
            // As a filter: an id that is gone is no error then.
            states.append(&mut self.instances_where("instance-id", ids).await?);
        }
        Ok(states)
    }

    /// The ids of all instances that run.
    pub(super) async fn running_instances(&self) -> Result<BTreeSet<String>> {
        Ok(self.instances_where("instance-state-name", &["running"]).await?.into_keys().collect())
    }

    async fn instances_where(&self, filter: &str, values: &[&str]) -> Result<BTreeMap<String, String>> {
        let mut all = BTreeMap::new();
        let mut next: Option<String> = None;
        loop {
            let mut form = vec![("Action".to_owned(), "DescribeInstances".to_owned())];
            form.push(("Version".into(), "2016-11-15".into()));
            form.push(("MaxResults".into(), PAGE.into()));
            form.push(("Filter.1.Name".into(), filter.into()));
            form.extend(
                values.iter().enumerate().map(|(at, id)| (format!("Filter.1.Value.{}", at + 1), (*id).to_owned())),
            );
            form.extend(next.map(|token| ("NextToken".to_owned(), token)));
            let answer = self.ask_ec2(&form).await?;
            all.append(&mut states(&answer));
            let token = texts(&answer, "DescribeInstancesResponse", &["nextToken"]).pop().map(|(_, token)| token);
            next = token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    async fn ask_ec2(&self, form: &[(String, String)]) -> Result<String> {
        let what = "read the state of the instances";
        let failed = |why: String| Error::new(format!("failed to {what}: {why}"));
        let url = match self.endpoints.named("EC2") {
            Some(endpoint) => endpoint.to_owned(),
            None if self.region.starts_with("cn-") => format!("https://ec2.{}.amazonaws.com.cn/", self.region),
            None => format!("https://ec2.{}.amazonaws.com/", self.region),
        };
        let request = http::Request::post(&url)
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(encoded(form))
            .map_err(|error| failed(error.to_string()))?;
        let request = self.signed(request).await?;
        let answer = tokio::time::timeout(LIMIT, exchange(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())));
        let (status, text) = answer.map_err(failed)?;
        if !status.is_success() {
            let said = texts(&text, "Errors", &["Code", "Message"]);
            let part = |name: &str| said.iter().find(|(found, _)| found == name).map_or("", |(_, text)| text);
            return Err(by_code(what, part("Code"), part("Message")));
        }
        Ok(text)
    }

    async fn signed(&self, mut request: http::Request<String>) -> Result<http::Request<String>> {
        let failed = |why: String| Error::new(format!("failed to sign a request to EC2: {why}"));
        let provider = self.sdk.credentials_provider().ok_or_else(|| failed("there are no credentials".to_owned()))?;
        let credentials = provider.provide_credentials().await.map_err(|error| failed(error.to_string()))?;
        let identity = credentials.into();
        let settings = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("ec2")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| failed(error.to_string()))?
            .into();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            headers.iter().map(|(name, value)| (&**name, &**value)),
            SignableBody::Bytes(request.body().as_bytes()),
        )
        .map_err(|error| failed(error.to_string()))?;
        let (instructions, _) = sign(signable, &settings).map_err(|error| failed(error.to_string()))?.into_parts();
        let (headers, _) = instructions.into_parts();
        for header in headers {
            let mut value = http::HeaderValue::from_str(header.value()).map_err(|error| failed(error.to_string()))?;
            value.set_sensitive(header.sensitive());
            let name: http::HeaderName = header.name().parse().expect("the name of a header");
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

/// One request with the HTTP client of the SDKs and its TLS: reqwest has none unless the feature `tls` is on.
async fn exchange(request: http::Request<String>) -> std::result::Result<(http::StatusCode, String), String> {
    let connector = Connector::builder().tls_provider(TLS).build();
    let request = request.map(SdkBody::from).try_into().map_err(|error: HttpError| error.to_string())?;
    let answer = connector.call(request).await.map_err(|error| DisplayErrorContext(&error).to_string())?;
    let status = http::StatusCode::from_u16(answer.status().as_u16()).map_err(|error| error.to_string())?;
    let body = ByteStream::new(answer.into_body()).collect().await;
    let body = body.map_err(|error| DisplayErrorContext(&error).to_string())?;
    Ok((status, String::from_utf8_lossy(&body.into_bytes()).into_owned()))
}

fn encoded(form: &[(String, String)]) -> String {
    let mut url = reqwest::Url::parse("http://form.invalid/").expect("it is one");
    url.query_pairs_mut().extend_pairs(form);
    url.query().unwrap_or_default().to_owned()
}

/// The instances of an answer and their states.
fn states(xml: &str) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    let mut id = None;
    for (name, text) in texts(xml, "instancesSet", &["instanceId", "instanceState/name"]) {
        match &*name {
            "instanceId" => id = Some(text),
            _ => _ = id.take().map(|id| states.insert(id, text)),
        }
    }
    states
}

/// The texts of elements below another, by the end of their path, in the answer's order.
fn texts(xml: &str, below: &str, wanted: &[&str]) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    let (mut path, mut found) = (Vec::<String>::new(), Vec::new());
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => path.push(start.local_name().as_ref().to_owned()),
            Ok(Event::End(_)) => drop(path.pop()),
            Ok(Event::Text(text)) => {
                let Some(from) = path.iter().position(|name| name == below) else { continue };
                let here = path[from + 1..].join("/");
                let fits = |wanted: &&&str| here == **wanted || here.ends_with(&format!("/{wanted}"));
                if let Some(name) = wanted.iter().find(fits) {
                    found.push(((*name).to_owned(), text.xml10_content().trim().to_owned()));
                }
            }
            Ok(Event::Eof) | Err(_) => return found,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"<?xml version="1.0"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet>
<item><instancesSet>
  <item><instanceId>i-1</instanceId><instanceState><code>48</code><name>terminated</name></instanceState>
    <blockDeviceMapping><item><deviceName>x</deviceName></item></blockDeviceMapping></item>
  <item><instanceId>i-2</instanceId><instanceState><code>16</code><name>running</name></instanceState></item>
</instancesSet></item>
<item><instancesSet><item><instanceId>i-3</instanceId><instanceState><name>stopping</name></instanceState></item></instancesSet></item>
</reservationSet></DescribeInstancesResponse>"#;

    #[test]
    fn states_are_read_from_every_reservation() {
        let states: Vec<_> = states(ANSWER).into_iter().collect();
        let pair = |id: &str, state: &str| (id.to_owned(), state.to_owned());
        assert_eq!(states, [pair("i-1", "terminated"), pair("i-2", "running"), pair("i-3", "stopping")]);
        assert!(super::states("<a><b></a>").is_empty());
    }

    #[test]
    fn a_refusal_says_its_code() {
        let answer = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>";
        let said = texts(answer, "Errors", &["Code", "Message"]);
        assert_eq!(said[0], ("Code".to_owned(), "UnauthorizedOperation".to_owned()));
        assert_eq!(said[1], ("Message".to_owned(), "no".to_owned()));
    }

    /// What real accounts need: no emulator speaks TLS.
    #[tokio::test]
    async fn an_https_endpoint_is_spoken_to_in_tls() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let first = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap()
        });
        let error = exchange(http::Request::post(url).body(String::new()).unwrap()).await.unwrap_err();
        assert_eq!(first.await.unwrap(), 0x16, "a handshake: {error}");
    }

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(encoded(&[("a b".into(), "c&d".into())]), "a+b=c%26d");
    }
}
