//! What a UDP proxy promises to its clients and to the service.

use super::testbed::{Testbed, client_of, echo, echo_from, receive, receive_all, receive_and_all, send};
use super::{Effect, Harm, Tally, UdpProxy};
use crate::Chaos;
use crate::fault::Fault;
use crate::proxy::testbed::{PATIENCE, clear, hold, pattern, timely, told};
use crate::proxy::{Directions, ToUpstream};
use crate::units::{millis, percent, secs};
use std::collections::HashSet;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::Instant;

/// Longer than a datagram without a fault can take.
const QUIET: Duration = Duration::from_millis(500);

const NONE: [u32; 0] = [];

/// Waits until a fault has hit so many.
async fn hit(fault: &mut impl Fault, hits: u64) {
    told(fault, |evidence| evidence.hits() == Some(hits)).await;
}

async fn echoes(client: &UdpSocket, number: u32) {
    send(client, number).await;
    assert_eq!(receive(client).await, number);
}

#[tokio::test]
async fn datagrams_of_any_size_pass_unchanged() {
    let bed = Testbed::echo().await;
    let client = bed.client().await;
    for size in [0, 1, 1_472, 9_000, 65_507] {
        let (sent, mut back) = (pattern(size), vec![0; 65_536]);
        client.send(&sent).await.unwrap();
        let n = timely(client.recv(&mut back)).await.unwrap();
        assert!(back[..n] == sent, "{size} bytes came back as {n}");
    }
}

#[tokio::test]
async fn it_also_speaks_ipv6_and_follows_names() {
    let six = Testbed::in_front_of(echo("[::1]:0").await).await;
    assert!(six.proxy.addr().is_ipv6());
    echoes(&six.client().await, 6).await;
    let service = echo("127.0.0.1:0").await;
    let named = Testbed::in_front_of(("127.0.0.1", service.port())).await;
    echoes(&named.client().await, 4).await;
    assert_eq!(named.proxy.to_string(), format!("UDP proxy {}", named.proxy.addr()));
}

#[tokio::test]
async fn each_client_gets_its_own_answers() {
    let bed = Testbed::echo().await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(bed.client().await);
    }
    for round in 0..4 {
        for (i, client) in (0..).zip(&clients) {
            send(client, round * 1_000 + i).await;
        }
        for (i, client) in (0..).zip(&clients) {
            assert_eq!(receive(client).await, round * 1_000 + i);
        }
    }
}

#[tokio::test]
async fn the_first_datagram_of_a_client_is_not_lost() {
    let bed = Testbed::echo().await;
    let mut waiting = std::collections::VecDeque::new();
    for number in 0..3_000 {
        let client = bed.client().await;
        send(&client, number).await;
        waiting.push_back((number, client));
        if waiting.len() > 20 {
            let (number, client) = waiting.pop_front().unwrap();
            assert_eq!(receive(&client).await, number);
        }
    }
    for (number, client) in waiting {
        assert_eq!(receive(&client).await, number);
    }
}

#[tokio::test]
async fn a_service_that_comes_late_is_found() {
    loop {
        let reserved = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = reserved.local_addr().unwrap();
        drop(reserved);
        let bed = Testbed::in_front_of(addr).await;
        let client = bed.client().await;
        for number in 0..3 {
            send(&client, number).await;
            tokio::time::sleep(millis(20)).await;
        }
        // Another test may have got the port meanwhile.
        let Ok(service) = UdpSocket::bind(addr).await else { continue };
        echo_from(service);
        // Were an error left from before to stop the first one, it would never come back.
        echoes(&client, 7).await;
        break;
    }
}

#[tokio::test]
async fn a_tenth_is_lost_within_its_binomial_bounds_and_the_same_seed_loses_the_same() {
    let mut runs = Vec::new();
    for seed in [42, 42, 43] {
        let bed = Testbed::echo().await;
        let (client, tally) = (bed.client().await, Tally::new());
        let effect = Effect { harm: Harm::Loss(percent(10)), directions: Directions::Upstream, seed };
        bed.proxy.set(effect, &tally).await.unwrap();
        let mut back = HashSet::new();
        for batch in 0..200 {
            for i in 0..50 {
                send(&client, batch * 50 + i).await;
            }
            // Wait until all have met the fault and the survivors are back: nothing else may get lost.
            let done = || tally.seen() == u64::from(batch + 1) * 50;
            let waiting = Instant::now();
            while !done() || (back.len() as u64) < tally.seen() - tally.hits() {
                assert!(waiting.elapsed() < PATIENCE, "{} of {} came back", back.len(), tally.seen() - tally.hits());
                let soon = tokio::time::timeout(millis(5), receive(&client)).await;
                back.extend(soon);
            }
        }
        // 99.9 % of all Binomial(10,000, 0.1).
        assert!((901..=1_099).contains(&tally.hits()), "{}", tally.in_words("lost"));
        assert_eq!(back.len() as u64 + tally.hits(), 10_000);
        runs.push(back);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_loss_of_all_loses_all_until_it_is_cleared() {
    let bed = Testbed::echo().await;
    let client = bed.client().await;
    echoes(&client, 1).await;
    for mut fault in [bed.proxy.loss(percent(100)), bed.proxy.loss(percent(100)).upstream()] {
        let undo = hold(&mut fault).await.unwrap();
        for number in 0..20 {
            send(&client, number).await;
        }
        hit(&mut fault, 20).await;
        assert_eq!(receive_all(&client, QUIET).await, NONE);
        assert_eq!(fault.evidence().await.unwrap().text(), "20 of 20 datagrams lost");
        clear(&undo).await;
        echoes(&client, 2).await;
        assert_eq!(fault.evidence().await.unwrap().hits(), Some(20));
    }
}

#[tokio::test]
async fn down_swallows_both_ways_and_what_is_late() {
    let bed = Testbed::echo().await;
    let client = bed.client().await;
    for delay in [millis(300), secs(5), secs(20)] {
        let mut latency = bed.proxy.latency(delay);
        let late = hold(&mut latency).await.unwrap();
        send(&client, 1).await;
        hit(&mut latency, 1).await;
        let mut down = bed.proxy.down();
        let undo = hold(&mut down).await.unwrap();
        send(&client, 2).await;
        let got = receive_all(&client, delay + QUIET).await;
        if got.is_empty() {
            hit(&mut down, 2).await;
            assert_eq!(receive_all(&client, QUIET).await, NONE);
            assert_eq!(down.evidence().await.unwrap().text(), "2 of 2 datagrams swallowed");
            clear(&undo).await;
            clear(&late).await;
            echoes(&client, 3).await;
            return;
        }
        // A pause of the machine's: it was down too late for the first one.
        assert_eq!(got, [1]);
        hit(&mut down, 1).await;
        clear(&undo).await;
        clear(&late).await;
    }
    panic!("what is late passes");
}

#[tokio::test]
async fn latencies_add_each_way_and_let_go_when_they_are_cleared() {
    let bed = Testbed::echo().await;
    let client = bed.client().await;
    let (mut a, mut b) =
        (bed.proxy.latency(millis(100)).both_ways(), bed.proxy.latency(millis(200)).jitter(millis(50)));
    let (undo_a, undo_b) = (hold(&mut a).await.unwrap(), hold(&mut b).await.unwrap());
    let started = Instant::now();
    echoes(&client, 1).await;
    assert!(started.elapsed() >= millis(350), "took {:?}", started.elapsed());
    assert_eq!(a.evidence().await.unwrap().text(), "2 of 2 datagrams delayed");
    assert_eq!(b.evidence().await.unwrap().text(), "1 of 1 datagram delayed");
    clear(&undo_a).await;
    clear(&undo_b).await;

    let mut hour = bed.proxy.latency(secs(3_600)).upstream();
    let undo = hold(&mut hour).await.unwrap();
    (0..100).for_each(|i| _ = client.try_send(&u32::to_be_bytes(i)).unwrap());
    hit(&mut hour, 100).await;
    assert_eq!(receive_all(&client, QUIET).await, NONE);
    assert!(bed.proxy.waiting() > 0);
    let cleared = Instant::now();
    clear(&undo).await;
    for number in 0..100 {
        assert_eq!(receive(&client).await, number, "they leave in the order they came");
    }
    assert!(cleared.elapsed() < PATIENCE);
    assert_eq!(bed.proxy.waiting(), 0);
    let mut fastest = Duration::MAX;
    for number in 0..20 {
        let started = Instant::now();
        echoes(&client, number).await;
        fastest = fastest.min(started.elapsed());
    }
    assert!(fastest < millis(350), "without a fault it took {fastest:?}");
}

#[tokio::test]
async fn duplicates_follow_their_originals() {
    let bed = Testbed::echo().await;
    let client = bed.client().await;
    let mut fault = bed.proxy.duplication(percent(100));
    let undo = hold(&mut fault).await.unwrap();
    for number in 0..10 {
        send(&client, number).await;
        assert_eq!((receive(&client).await, receive(&client).await), (number, number));
    }
    assert_eq!(fault.evidence().await.unwrap().text(), "10 of 10 datagrams doubled");
    let _both = hold(&mut bed.proxy.duplication(percent(100)).upstream()).await.unwrap();
    send(&client, 11).await;
    assert_eq!(receive_and_all(&client, 4, QUIET).await, [11; 4]);
    clear(&undo).await;
}

#[tokio::test]
async fn reordering_exchanges_neighbours_and_none_is_lost() {
    let bed = Testbed::echo().await;
    let client = bed.client().await;
    let mut fault = bed.proxy.reordering(percent(100)).within(secs(3_600)).upstream();
    let undo = hold(&mut fault).await.unwrap();
    for number in 0..7 {
        send(&client, number).await;
    }
    assert_eq!(receive_and_all(&client, 6, QUIET).await, [1, 0, 3, 2, 5, 4]);
    told(&mut fault, |evidence| evidence.text() == "3 of 7 datagrams overtaken").await;
    clear(&undo).await;
    assert_eq!(receive(&client).await, 6, "what is held back goes on when it is cleared");
    assert_eq!(bed.proxy.waiting(), 0);
    assert_eq!(fault.evidence().await.unwrap().hits(), Some(3));

    let started = Instant::now();
    let _undo = hold(&mut bed.proxy.reordering(percent(100))).await.unwrap();
    echoes(&client, 8).await;
    assert!(started.elapsed() >= millis(100), "it waited for another one only {:?}", started.elapsed());
}

#[tokio::test]
async fn corruption_changes_one_byte() {
    let bed = Testbed::echo().await;
    let client = bed.client().await;
    let mut fault = bed.proxy.corruption(percent(100));
    let undo = hold(&mut fault).await.unwrap();
    let (sent, mut back) = (pattern(1_000), [0; 2_000]);
    for _ in 0..20 {
        client.send(&sent).await.unwrap();
        let n = timely(client.recv(&mut back)).await.unwrap();
        assert_eq!(n, sent.len());
        assert_eq!(back.iter().zip(&sent).filter(|(a, b)| a != b).count(), 1);
    }
    assert_eq!(fault.evidence().await.unwrap().text(), "20 of 20 datagrams corrupted");
    clear(&undo).await;
    echoes(&client, 1).await;
}

#[tokio::test]
async fn evidence_says_why_there_is_none() {
    let bed = Testbed::echo().await;
    let mut fault = bed.proxy.loss(percent(0.000_001));
    let _undo = hold(&mut fault).await.unwrap();
    let none = fault.evidence().await.unwrap();
    assert!(!none.is_seen());
    assert!(none.text().starts_with("no client sent a datagram to UDP proxy 127.0.0.1:"), "{}", none.text());
    echoes(&bed.client().await, 1).await;
    let none = fault.evidence().await.unwrap();
    assert_eq!(none.text(), "1 datagram came to the fault, but chance spared all of them");
    assert_eq!(fault.describe(), "loss of 0 % towards the client");

    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let bed = Testbed::in_front_of(silent.local_addr().unwrap()).await;
    let mut fault = bed.proxy.latency(millis(1));
    let _undo = hold(&mut fault).await.unwrap();
    send(&bed.client().await, 1).await;
    timely(silent.recv(&mut [0; 9])).await.unwrap();
    let none = fault.evidence().await.unwrap();
    assert!(none.text().ends_with("but none passed towards the client"), "{}", none.text());
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_the_harm() {
    let bed = Testbed::echo().await;
    let cx = crate::fault::InjectCx::new(1, true, None);
    let errors = [
        bed.proxy.latency(Duration::ZERO).prepare(&cx).await,
        bed.proxy.latency(millis(10)).jitter(millis(11)).prepare(&cx).await,
        bed.proxy.loss(percent(0)).prepare(&cx).await,
        bed.proxy.duplication(percent(101)).prepare(&cx).await,
        bed.proxy.corruption(percent(-1)).prepare(&cx).await,
        bed.proxy.reordering(percent(5)).within(Duration::ZERO).prepare(&cx).await,
    ];
    for error in errors {
        assert!(error.unwrap_err().help_text().is_some());
    }
}

#[tokio::test]
async fn idle_sessions_end_and_their_clients_get_new_ones() {
    let (chaos, seen) = (Chaos::for_tests(), UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let upstream = seen.local_addr().unwrap().to_upstream().unwrap();
    let limit = |relay: super::relay::Relay| relay.with_limits(millis(50), 2);
    let proxy = UdpProxy::limited(upstream, &chaos.core.net, limit).await.unwrap();
    let client = client_of(proxy.addr()).await;
    let from = async || {
        client.send(b"x").await.unwrap();
        timely(seen.recv_from(&mut [0; 9])).await.unwrap().1
    };
    let started = Instant::now();
    let mut first = from().await;
    // Two in a row, of which one may have come after a pause of the machine's.
    loop {
        let next = from().await;
        if next == first {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "each has a session of its own");
        first = next;
    }
    // And here a pause may make the next one be read before its session has seen how long it was idle.
    loop {
        tokio::time::sleep(millis(600)).await;
        if from().await != first {
            break;
        }
        assert!(started.elapsed() < 2 * PATIENCE, "its socket goes with its session");
    }
}

#[tokio::test]
async fn of_too_many_clients_an_old_one_makes_room() {
    let (chaos, service) = (Chaos::for_tests(), echo("127.0.0.1:0").await);
    let limit = |relay: super::relay::Relay| relay.with_limits(secs(60), 2);
    let proxy = UdpProxy::limited(service.to_upstream().unwrap(), &chaos.core.net, limit).await.unwrap();
    let mut clients = Vec::new();
    for number in 0..20 {
        let client = client_of(proxy.addr()).await;
        echoes(&client, number).await;
        clients.push(client);
    }
    echoes(&clients[0], 99).await;
}

#[tokio::test]
async fn toggled_under_traffic_nothing_is_lost_but_what_the_fault_means() {
    let bed = Testbed::echo().await;
    let proxy = bed.proxy.clone();
    let toggling = tokio::spawn(async move {
        for round in 0..1_000_u32 {
            let undo = match round % 3 {
                0 => hold(&mut proxy.latency(millis(2)).jitter(millis(2)).both_ways()).await.unwrap(),
                1 => hold(&mut proxy.reordering(percent(30)).both_ways()).await.unwrap(),
                _ => hold(&mut proxy.duplication(percent(30))).await.unwrap(),
            };
            clear(&undo).await;
        }
    });
    let mut busy = Vec::new();
    for i in 0..64_u32 {
        let client = bed.client().await;
        let toggling = toggling.abort_handle();
        busy.push(tokio::spawn(async move {
            let mut number = i << 20;
            while !toggling.is_finished() {
                let mut missing: HashSet<u32> = (number..number + 2).collect();
                for number in number..number + 2 {
                    send(&client, number).await;
                }
                while !missing.is_empty() {
                    missing.remove(&receive(&client).await);
                }
                number += 2;
            }
        }));
    }
    for client in busy {
        client.await.unwrap();
    }
    toggling.await.unwrap();
    assert_eq!(bed.proxy.waiting(), 0);
}

#[tokio::test]
async fn it_ends_with_the_experiment() {
    let bed = Testbed::echo().await;
    echoes(&bed.client().await, 1).await;
    let (proxy, tally) = (bed.proxy.clone(), Tally::new());
    drop(bed);
    let effect = Effect { harm: Harm::Down, directions: Directions::Both, seed: 0 };
    let error = proxy.set(effect, &tally).await.unwrap_err();
    assert!(error.message().ends_with("has ended with its experiment"), "{error}");
    proxy.unset(&tally).await.unwrap();
    // A child that another test forks just now has a copy of the socket until it becomes another program.
    let free = async {
        while UdpSocket::bind(proxy.addr()).await.is_err() {
            tokio::time::sleep(millis(5)).await;
        }
    };
    timely(free).await;
}
