//! Where the service behind a proxy is.

use super::resolve::Resolver;
use super::socket::Socket;
use crate::{Error, Result};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
#[cfg(unix)]
use std::path::{Path, PathBuf};
#[cfg(feature = "docker")]
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
#[cfg(feature = "docker")]
use tokio::sync::watch;

/// The address of a service: an IP address or a name, and a port.
///
/// A name is resolved anew for each connection, so that a proxy follows a failover by DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream(Host);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Addr(SocketAddr),
    /// The first of these that can be connected to.
    Addrs(Vec<SocketAddr>),
    Name(String, u16),
    Resolved(Resolver),
    #[cfg(unix)]
    Unix(PathBuf),
    #[cfg(feature = "docker")]
    Changing(Changing),
    #[cfg(feature = "docker")]
    Spread(Spread),
}

/// Where a service is that moves; `None`: nowhere at present.
#[cfg(feature = "docker")]
#[derive(Debug, Clone)]
struct Changing(watch::Receiver<Option<(String, u16)>>);

#[cfg(feature = "docker")]
impl PartialEq for Changing {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }
}

#[cfg(feature = "docker")]
impl Eq for Changing {}

/// Several places, of which each connection gets the next one.
#[cfg(feature = "docker")]
#[derive(Debug, Clone)]
struct Spread {
    places: watch::Receiver<Vec<SocketAddr>>,
    turn: Arc<AtomicUsize>,
}

#[cfg(feature = "docker")]
impl Spread {
    fn next(&self) -> Option<SocketAddr> {
        let places = self.places.borrow();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        places.get(turn.checked_rem(places.len())?).copied()
    }
}

#[cfg(feature = "docker")]
impl PartialEq for Spread {
    fn eq(&self, other: &Self) -> bool {
        self.places.same_channel(&other.places)
    }
}

#[cfg(feature = "docker")]
impl Eq for Spread {}

/// What [`Chaos::proxy`](crate::Chaos::proxy) takes: a `SocketAddr`, `"host:port"`, `(host, port)`, `"unix:/path"`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no address of a service",
    note = "a `SocketAddr`, `\"host:port\"`, `(\"host\", port)` or `\"unix:/path\"` is"
)]
pub trait ToUpstream {
    /// The address, or an error that says what is wrong with it.
    fn to_upstream(self) -> Result<Upstream>;
}

impl Upstream {
    /// Parses `host:port`, `1.2.3.4:port`, `[::1]:port` or `unix:/path`.
    fn parse(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Self::at_path(path);
        }
        if let Ok(addr) = text.parse() {
            return Ok(Self(Host::Addr(addr)));
        }
        let wrong = |why: &str| {
            Error::new(format!("`{text}` is not the address of a service: {why}"))
                .help("write \"host:port\", such as \"db.internal:5432\", \"127.0.0.1:8080\" or \"[::1]:8080\"")
        };
        if text.contains("://") || text.contains('/') {
            return Err(wrong("it is a URL"));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong("the port is missing"))?;
        let port = port.parse().map_err(|_| wrong(&format!("`{port}` is not a port")))?;
        if host.contains(':') {
            return Err(wrong("an IPv6 address stands in brackets"));
        }
        Self::named(host, port)
    }

    #[cfg(unix)]
    fn at_path(path: &str) -> Result<Self> {
        let path = Path::new(path.strip_prefix("//").unwrap_or(path));
        if !path.is_absolute() || path.file_name().is_none() {
            return Err(Error::new(format!("`unix:{}` is not the path of a socket", path.display()))
                .help("write an absolute path: \"unix:/run/postgresql/.s.PGSQL.5432\""));
        }
        Ok(Self(Host::Unix(path.to_owned())))
    }

    #[cfg(not(unix))]
    fn at_path(path: &str) -> Result<Self> {
        Err(Error::new(format!("`unix:{path}`: this platform has no Unix sockets here"))
            .help("use the service's TCP port"))
    }

    fn named(host: &str, port: u16) -> Result<Self> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(Self(Host::Addr((ip, port).into())));
        }
        if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c == '/' || c == ':') {
            return Err(Error::new(format!("`{host}` is not the name of a host")).help("write (\"host\", port)"));
        }
        Ok(Self(Host::Name(host.to_owned(), port)))
    }

    /// A service whose addresses something other than the system's resolver knows: service discovery, a DNS server of
    /// your own. It is asked for each new connection; the addresses are tried in their order. `name` is for reports.
    ///
    /// ```no_run
    /// # use chaos_runtime::{Chaos, proxy::Upstream};
    /// # async fn registered(_: &str) -> std::io::Result<Vec<std::net::SocketAddr>> { Ok(Vec::new()) }
    /// # async fn body(chaos: &mut Chaos) -> chaos_runtime::Result {
    /// let db = chaos.proxy(Upstream::resolved_by("orders-db", || registered("orders-db"))).await?;
    /// chaos.inject(db.dns_stale()).start().await?;
    /// # Ok(()) }
    /// ```
    pub fn resolved_by<F>(name: impl Into<String>, resolve: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        Self(Host::Resolved(Resolver::new(name.into(), resolve)))
    }

    /// One of these addresses, the first that can be connected to.
    pub(crate) fn at_all(addrs: Vec<SocketAddr>) -> Self {
        Self(Host::Addrs(addrs))
    }

    /// One that is read anew for each connection. While it is `None`, connections are closed at once.
    #[cfg(feature = "docker")]
    pub(crate) fn changing(upstream: watch::Receiver<Option<(String, u16)>>) -> Self {
        Self(Host::Changing(Changing(upstream)))
    }

    /// Several, of which each connection gets the next one. While there are none, connections are closed at once.
    #[cfg(feature = "docker")]
    pub(crate) fn spread(places: watch::Receiver<Vec<SocketAddr>>) -> Self {
        Self(Host::Spread(Spread { places, turn: Arc::default() }))
    }

    /// Connects to it.
    pub(super) async fn connect(&self) -> io::Result<Socket> {
        #[cfg(unix)]
        if let Host::Unix(path) = &self.0 {
            return UnixStream::connect(path).await.map(Socket::Unix).inspect_err(crate::descriptors::note);
        }
        self.connect_by_tcp().await.map(Socket::Tcp).inspect_err(crate::descriptors::note)
    }

    async fn connect_by_tcp(&self) -> io::Result<TcpStream> {
        if let Host::Addr(addr) = &self.0 {
            return TcpStream::connect(addr).await;
        }
        let addrs = self.addresses().await?;
        if addrs.is_empty() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        // One after the other, until one can be connected to.
        TcpStream::connect(&*addrs).await
    }

    /// The path of a Unix socket.
    #[cfg(unix)]
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.0 {
            Host::Unix(path) => Some(path),
            _ => None,
        }
    }

    /// Where it is now: the addresses to try, one after the other. Those of a name are asked for anew each time.
    pub(crate) async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        match &self.0 {
            Host::Addr(addr) => Ok(vec![*addr]),
            Host::Addrs(addrs) => Ok(addrs.clone()),
            Host::Name(name, port) => look_up(name, *port).await,
            Host::Resolved(resolver) => resolver.addresses().await,
            #[cfg(unix)]
            Host::Unix(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
            #[cfg(feature = "docker")]
            Host::Changing(Changing(current)) => {
                let current = current.borrow().clone();
                match current {
                    Some((host, port)) => look_up(&host, port).await,
                    None => Ok(Vec::new()),
                }
            }
            #[cfg(feature = "docker")]
            Host::Spread(spread) => Ok(spread.next().into_iter().collect()),
        }
    }

    /// Whether addresses are asked for by a name.
    pub(crate) fn has_name(&self) -> bool {
        match &self.0 {
            Host::Name(..) | Host::Resolved(_) => true,
            Host::Addr(_) | Host::Addrs(_) => false,
            #[cfg(unix)]
            Host::Unix(_) => false,
            #[cfg(feature = "docker")]
            Host::Changing(_) => true,
            #[cfg(feature = "docker")]
            Host::Spread(_) => false,
        }
    }

    /// The loopback address of the same family, on which its clients can surely connect.
    pub(super) fn loopback(&self) -> IpAddr {
        match self.0 {
            Host::Addr(SocketAddr::V6(_)) => Ipv6Addr::LOCALHOST.into(),
            _ => Ipv4Addr::LOCALHOST.into(),
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Host::Addr(addr) => addr.fmt(f),
            Host::Addrs(addrs) => f.write_str(&listed(addrs)),
            Host::Name(name, port) => write!(f, "{name}:{port}"),
            Host::Resolved(resolver) => f.write_str(&resolver.name),
            #[cfg(unix)]
            Host::Unix(path) => write!(f, "unix:{}", path.display()),
            #[cfg(feature = "docker")]
            Host::Changing(Changing(current)) => match &*current.borrow() {
                Some((host, port)) => write!(f, "{host}:{port}"),
                None => f.write_str("nothing"),
            },
            #[cfg(feature = "docker")]
            Host::Spread(spread) => {
                let places = listed(&spread.places.borrow());
                f.write_str(if places.is_empty() { "nothing" } else { &places })
            }
        }
    }
}

/// Asks the system's resolver.
async fn look_up(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, port)).await?.collect())
}

/// `127.0.0.1:80, [::1]:80`
fn listed(addrs: &[SocketAddr]) -> String {
    addrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl ToUpstream for Upstream {
    fn to_upstream(self) -> Result<Upstream> {
        Ok(self)
    }
}

impl ToUpstream for SocketAddr {
    fn to_upstream(self) -> Result<Upstream> {
        Ok(Upstream(Host::Addr(self)))
    }
}

impl ToUpstream for SocketAddrV4 {
    fn to_upstream(self) -> Result<Upstream> {
        SocketAddr::from(self).to_upstream()
    }
}

impl ToUpstream for SocketAddrV6 {
    fn to_upstream(self) -> Result<Upstream> {
        SocketAddr::from(self).to_upstream()
    }
}

impl ToUpstream for &str {
    fn to_upstream(self) -> Result<Upstream> {
        Upstream::parse(self)
    }
}

impl ToUpstream for String {
    fn to_upstream(self) -> Result<Upstream> {
        Upstream::parse(&self)
    }
}

impl ToUpstream for &String {
    fn to_upstream(self) -> Result<Upstream> {
        Upstream::parse(self)
    }
}

impl ToUpstream for (&str, u16) {
    fn to_upstream(self) -> Result<Upstream> {
        Upstream::named(self.0, self.1)
    }
}

impl ToUpstream for (String, u16) {
    fn to_upstream(self) -> Result<Upstream> {
        Upstream::named(&self.0, self.1)
    }
}

impl ToUpstream for (IpAddr, u16) {
    fn to_upstream(self) -> Result<Upstream> {
        SocketAddr::from(self).to_upstream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_taken() {
        for (text, shown) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
            ("localhost:80", "localhost:80"),
            ("db.internal:5432", "db.internal:5432"),
        ] {
            assert_eq!(text.to_upstream().map(|u| u.to_string()).unwrap(), shown);
        }
        assert_eq!(("::1", 80).to_upstream().unwrap().to_string(), "[::1]:80");
        assert_eq!(("::1", 80).to_upstream().unwrap().loopback(), IpAddr::from(Ipv6Addr::LOCALHOST));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("localhost", "the port is missing"),
            ("localhost:http", "`http` is not a port"),
            ("localhost:70000", "`70000` is not a port"),
            ("http://localhost:80/x", "it is a URL"),
            ("::1:80:x:9", "an IPv6 address stands in brackets"),
            (":80", "not the name of a host"),
        ] {
            let error = text.to_upstream().unwrap_err();
            assert!(error.message().contains(why), "{text}: {error}");
            assert!(error.help_text().is_some(), "{text}");
        }
    }
}
