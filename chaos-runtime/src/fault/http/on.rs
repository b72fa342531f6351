//! A harm on requests as a fault: which requests, how many of them, and what is counted.

use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::proxy::http::{Conditions, HttpEffect, HttpProxy, ReadyRule, RequestHits};
use crate::rollback::Undo;
use crate::units::Percent;
use crate::{Error, Result, percent, secret};
use std::fmt;
use std::sync::Arc;

/// What is done to a request.
pub(crate) trait Harm: fmt::Debug + Send + Sync + 'static {
    /// What it does, in a line: `abort with 503`.
    fn describe(&self) -> String;

    /// The effect, checked.
    fn effect(&self) -> Result<HttpEffect>;

    /// What has been done to requests: `answered with 503`.
    fn done(&self) -> String;

    /// Why requests that matched were not hit: `no answer had the header etag`.
    fn nothing(&self) -> String {
        "none was in the share".to_owned()
    }

    /// Whether only calls of gRPC are meant.
    const GRPC: bool = false;
}

/// A fault on requests that come through an [`HttpProxy`]: on all of them, or on those that the conditions name.
///
/// `on_method` and `on_path` given several times mean any of them, `on_header` all; one exception is enough for a request
/// to be left alone. The evidence counts all requests, those excluded and those hit.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct OnRequests<H> {
    proxy: HttpProxy,
    on: Conditions,
    except: Conditions,
    share: Percent,
    hits: Arc<RequestHits>,
    ready: Option<ReadyRule>,
    pub(super) harm: H,
}

impl<H> OnRequests<H> {
    pub(super) fn new(proxy: &HttpProxy, harm: H) -> Self {
        Self {
            proxy: proxy.clone(),
            on: Conditions::default(),
            except: Conditions::default(),
            share: percent(100),
            hits: RequestHits::new(),
            ready: None,
            harm,
        }
    }

    /// Only requests with this method: `"POST"`.
    pub fn on_method(mut self, method: impl fmt::Display) -> Self {
        self.on.methods.push(method.to_string());
        self
    }

    /// Only requests to paths like this: in `"/orders/*"` the star stands for one segment, in `"/orders/**"` for any
    /// number of them. The query is not compared. Of gRPC the path is `"/package.Service/Method"`.
    pub fn on_path(mut self, pattern: impl Into<String>) -> Self {
        self.on.paths.push(pattern.into());
        self
    }

    /// Only requests with this header, and a value like this: `*` in it stands for any characters.
    pub fn on_header(mut self, name: impl Into<String>, pattern: impl Into<String>) -> Self {
        push(&mut self.on, name.into(), pattern.into());
        self
    }

    /// Leaves requests with this method alone.
    pub fn except_method(mut self, method: impl fmt::Display) -> Self {
        self.except.methods.push(method.to_string());
        self
    }

    /// Leaves requests to paths like this alone; the pattern is that of [`on_path`](Self::on_path).
    pub fn except_path(mut self, pattern: impl Into<String>) -> Self {
        self.except.paths.push(pattern.into());
        self
    }

    /// Leaves requests with this header, and a value like this, alone.
    pub fn except_header(mut self, name: impl Into<String>, pattern: impl Into<String>) -> Self {
        push(&mut self.except, name.into(), pattern.into());
        self
    }

    /// Hits this share of the requests that match, chosen by the run's seed and the request's number among them.
    pub fn share(mut self, share: Percent) -> Self {
        self.share = share;
        self
    }
}

impl<H> OnRequests<H> {
    fn build(&self, seed: u64) -> Result<ReadyRule>
    where
        H: Harm,
    {
        let share = self.share.fraction();
        if !(share > 0.0 && share <= 1.0) {
            return Err(Error::new(format!("a share of {} of the requests can't be hit", self.share))
                .help("give a share above 0 and up to 100 %: .share(percent(10))"));
        }
        let effect = self.harm.effect()?;
        ReadyRule::new(effect, &self.on, &self.except, H::GRPC, self.share, seed, &self.hits)
    }

    /// What it is for: `POST /orders/*`.
    fn wanted(&self) -> String
    where
        H: Harm,
    {
        match (self.on.is_empty(), H::GRPC) {
            (true, true) => "a call of gRPC".to_owned(),
            (true, false) => "any request".to_owned(),
            (false, true) => format!("{} as a call of gRPC", self.on),
            (false, false) => self.on.to_string(),
        }
    }
}

/// A token among the conditions is in no report.
fn push(conditions: &mut Conditions, name: String, pattern: String) {
    secret::register_header(&name, &pattern);
    conditions.headers.push((name, pattern));
}

impl<H: Harm> Fault for OnRequests<H> {
    fn describe(&self) -> String {
        let mut text = self.harm.describe();
        if self.share.fraction() < 1.0 {
            text.push_str(&format!(" for {} of requests", self.share));
        }
        if !self.on.is_empty() {
            text.push_str(&format!(" on {}", self.on));
        }
        if !self.except.is_empty() {
            text.push_str(&format!(" except {}", self.except));
        }
        text
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        self.ready = Some(self.build(cx.seed)?);
        Ok(())
    }

    fn undo(&self) -> Undo {
        let what = format!("remove the {} from {}", self.describe(), *self.proxy);
        self.proxy.undo_request_fault(what, &self.hits)
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        let rule = match self.ready.take() {
            Some(rule) => rule,
            None => self.build(cx.seed)?,
        };
        self.proxy.set(rule);
        Ok(())
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(match self.hits.count() {
            0 => Evidence::counted(0, self.proxy.silence_of_requests(&self.hits, &self.wanted(), &self.harm.nothing())),
            _ => self.hits.evidence(&self.harm.done()),
        })
    }
}

impl<H: Harm> Held for OnRequests<H> {}
