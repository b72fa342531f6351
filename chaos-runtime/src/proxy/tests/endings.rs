//! A proxy lives as long as its experiment, and leaves nothing behind.

use crate::proxy::testbed::{Testbed, clear, echo, hold, next, round_trip, service, timely, until_refused};
use crate::units::millis;
use std::io;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_proxy_outlives_its_handles() {
    let bed = Testbed::echo().await;
    let (chaos, addr) = (bed.chaos, bed.proxy.addr());
    drop(bed.proxy);
    let mut client = TcpStream::connect(addr).await.unwrap();
    round_trip(&mut client, b"still there").await;
    drop(chaos);
    assert!(matches!(next(&mut client).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn with_the_experiment_the_port_and_all_connections_are_closed() {
    let bed = Testbed::echo().await;
    let mut open = bed.connect().await;
    round_trip(&mut open, b"open").await;
    let mut held = bed.connect().await;
    let undo = hold(&mut bed.proxy.black_hole()).await.unwrap();
    let mut hanging = bed.connect().await;

    drop(bed.chaos);
    for client in [&mut open, &mut held, &mut hanging] {
        assert!(matches!(next(client).await, Ok(0) | Err(_)));
    }
    until_refused(bed.proxy.addr()).await;
    clear(&undo).await;
    let error = hold(&mut bed.proxy.latency(millis(5))).await.unwrap_err();
    assert!(error.message().contains("has ended with its experiment"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn an_experiment_that_ends_in_the_middle_of_a_fault_has_its_undo_still() {
    let bed = Testbed::echo().await;
    let mut fault = bed.proxy.down().refuse();
    let undo = hold(&mut fault).await.unwrap();
    drop(bed.chaos);
    clear(&undo).await;
    crate::proxy::testbed::seen(&mut fault).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_socket_of_the_proxy_stays_open() {
    let service = service(echo).await;
    let bed = Testbed::in_front_of(service).await;
    let addr = bed.proxy.addr();
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = bed.connect().await;
        round_trip(&mut client, b"x").await;
        clients.push(client);
    }
    assert_eq!(sockets(addr.port(), service.port()), 41, "a listening socket and two for each connection");
    drop(bed.chaos);
    assert_eq!(sockets(addr.port(), service.port()), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn the_port_is_free_again() {
    for refuse in [false, true] {
        let bed = Testbed::echo().await;
        if refuse {
            let _undo = hold(&mut bed.proxy.down().refuse()).await.unwrap();
        }
        assert_eq!(std::net::TcpListener::bind(bed.proxy.addr()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(bed.chaos);
        // A child that another test forks just now has a copy of the socket until it becomes another program.
        let free = async {
            while std::net::TcpListener::bind(bed.proxy.addr()).is_err() {
                tokio::time::sleep(millis(5)).await;
            }
        };
        timely(free).await;
    }
}

/// Sockets of this process from local port `proxy` or to remote port `service`.
#[cfg(target_os = "linux")]
fn sockets(proxy: u16, service: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let ours = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let port = |field: &str| u16::from_str_radix(field.rsplit_once(':')?.1, 16).ok();
        let is_ours = port(fields[1])? == proxy || port(fields[2])? == service;
        is_ours.then(|| format!("socket:[{}]", fields[9]))
    });
    let ours: std::collections::HashSet<_> = ours.collect();
    let open =
        std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    open.filter(|to| ours.contains(to.to_string_lossy().as_ref())).count()
}
