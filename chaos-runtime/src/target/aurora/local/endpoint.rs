//! The endpoints of a cluster: one address each, which leads to one server or another.

use super::super::login::Login;
use crate::Result;
use crate::experiment::net::Net;
use crate::proxy::{Proxy, Upstream};
use std::net::SocketAddr;
use tokio::sync::watch;

/// A stable address whose new connections go where it points, as with a name in DNS; those that are open stay where they
/// are.
pub(in crate::target::aurora) struct Endpoint {
    pub(in crate::target::aurora) url: String,
    places: watch::Sender<Vec<SocketAddr>>,
}

impl Endpoint {
    /// Starts it; it points nowhere yet.
    pub(super) async fn start(login: &Login, net: &Net) -> Result<Self> {
        let (places, receiver) = watch::channel(Vec::new());
        let proxy = Proxy::before(Upstream::spread(receiver), net).await?;
        let url = login.url("postgres", &proxy.addr().to_string())?;
        Ok(Self { url, places })
    }

    /// From now on connections go to these, by turns.
    pub(super) fn point_to(&self, places: impl IntoIterator<Item = SocketAddr>) {
        self.places.send_replace(places.into_iter().collect());
    }

    /// Where connections go.
    pub(super) fn places(&self) -> Vec<SocketAddr> {
        self.places.borrow().clone()
    }
}
