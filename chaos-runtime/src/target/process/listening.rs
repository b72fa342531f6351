//! On which TCP addresses a process listens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses on which the process `pid` listens, in the order in which it opened them, as a
/// client on this machine would call them. Empty for processes of other users.
#[cfg(target_os = "linux")]
pub(super) fn listening(pid: u32) -> Vec<SocketAddr> {
    let mut sockets: Vec<(u32, u64)> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let link = std::fs::read_link(entry.path()).ok()?;
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, inode))
        })
        .collect();
    if sockets.is_empty() {
        return Vec::new();
    }
    sockets.sort_unstable();
    let bound: Vec<(u64, SocketAddr)> = ["tcp", "tcp6"].iter().flat_map(|table| listeners(pid, table)).collect();
    let address = |inode: u64| bound.iter().find(|(found, _)| *found == inode).map(|(_, addr)| reachable(*addr));
    sockets.into_iter().filter_map(|(_, inode)| address(inode)).collect()
}

/// The listening sockets in a table of the process' network. They come first in it, and nothing behind them is read:
/// after a load tens of thousands of ended connections stand there.
#[cfg(target_os = "linux")]
fn listeners(pid: u32, table: &str) -> Vec<(u64, SocketAddr)> {
    use std::io::BufRead;
    let Ok(file) = std::fs::File::open(format!("/proc/{pid}/net/{table}")) else { return Vec::new() };
    let lines = std::io::BufReader::with_capacity(4096, file).lines().skip(1);
    lines.map_while(|line| table_line(&line.ok()?)).collect()
}

/// A line of `/proc/net/tcp` or `tcp6` as inode and local address, if it is a listening socket.
#[cfg(target_os = "linux")]
fn table_line(line: &str) -> Option<(u64, SocketAddr)> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    if *fields.get(3)? != LISTEN {
        return None;
    }
    let (ip, port) = fields.get(1)?.split_once(':')?;
    let word = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::to_ne_bytes);
    let ip: IpAddr = match ip.len() {
        8 => Ipv4Addr::from(word(ip)?).into(),
        32 => {
            let mut bytes = [0; 16];
            for (index, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(ip.get(index * 8..index * 8 + 8)?)?);
            }
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some((fields.get(9)?.parse().ok()?, SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?)))
}

/// "All interfaces" as an address that can be called.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        // Usually both protocols, but on machines with IPv6 switched off the loopback has v4 only.
        IpAddr::V6(ip) if ip.is_unspecified() && !has_v6_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}

fn has_v6_loopback() -> bool {
    std::net::UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// The first `host:port` in a line: `127.0.0.1:80`, `localhost:80`, `0.0.0.0:80`, `[::1]:80`, also as
/// part of a URL.
#[cfg(any(test, not(target_os = "linux")))]
pub(super) fn printed(line: &str) -> Option<SocketAddr> {
    let separators = |c: char| c.is_whitespace() || "/\"'`,;<>()=".contains(c);
    line.split(separators).find_map(|word| {
        let word = word.trim_end_matches(['.', '!']).replace("localhost:", "127.0.0.1:");
        word.parse().ok().filter(|addr: &SocketAddr| addr.port() != 0).map(reachable)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_line_are_found() {
        let found = |line| printed(line).map(|addr| addr.to_string());
        assert_eq!(found("listening on http://127.0.0.1:8080/health").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(found("addr=0.0.0.0:99, pid=7").as_deref(), Some("127.0.0.1:99"));
        assert_eq!(found("ready at localhost:4000.").as_deref(), Some("127.0.0.1:4000"));
        assert_eq!(found("bound (\"[::1]:80\")").as_deref(), Some("[::1]:80"));
        assert_eq!(found("12:30:59 starting on 127.0.0.1:0"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn own_sockets_are_found_and_connected_ones_are_not() {
        use std::net::{TcpListener, TcpStream};
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let any = TcpListener::bind("0.0.0.0:0").unwrap();
        let client = TcpStream::connect(v4.local_addr().unwrap()).unwrap();
        let found = listening(std::process::id());
        assert!(found.contains(&v4.local_addr().unwrap()), "{found:?}");
        assert!(found.contains(&SocketAddr::new(Ipv4Addr::LOCALHOST.into(), any.local_addr().unwrap().port())));
        assert!(!found.contains(&client.local_addr().unwrap()));
        if let Ok(v6) = TcpListener::bind("[::1]:0") {
            assert!(listening(std::process::id()).contains(&v6.local_addr().unwrap()));
        }
    }
}
