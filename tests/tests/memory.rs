//! What a load takes of memory: nothing for an operation, and as much for an hour as for a minute. What a UDP proxy does:
//! nothing for a datagram, and with faults no more in the end than in the beginning.

#![expect(unsafe_code, reason = "an allocator that counts")]

use chaos_runtime::bench::{Loads, Network, Recorder, clear};
use chaos_runtime::fault::{Fault, InjectCx};
use chaos_runtime::load::{Load, OpId, Operation, OperationExt as _, Retry, op};
use chaos_runtime::proxy::UdpProxy;
use chaos_runtime::{millis, per_second, percent};
use std::alloc::{GlobalAlloc, Layout, System};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The system's allocator, which says what it was asked for.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(layout: Layout) {
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Everything in this process is counted, so one test at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Runs a load for a second; gives how many operations have ended meanwhile, and how many allocations were made.
fn operations_and_allocations<O: Operation>(load: Load<O>) -> (u64, u64) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut loads = Loads::default();
        loads.start(load).await.unwrap();
        // Threads, workers, the first slices and bins.
        loads.run(Duration::from_millis(500)).await;
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        loads.run(Duration::from_secs(1)).await;
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        let figures = loads.stop().await.remove(0);
        assert_eq!(figures.failed, 0, "{figures:?}");
        (figures.operations * 2 / 3, allocations)
    })
}

#[test]
fn nothing_is_allocated_for_an_operation() {
    let wait = async |_: OpId| tokio::task::yield_now().await;
    let retry = || Retry::times(3);
    for (what, (operations, allocations)) in [
        ("closed loop", operations_and_allocations(op(async |_| ()).closed_loop(4))),
        ("closed loop that waits", operations_and_allocations(op(wait).closed_loop(4).retry(retry()))),
        ("open loop", operations_and_allocations(op(wait).rate(per_second(5_000)).retry(retry()))),
    ] {
        println!("{what}: {operations} operations, {allocations} allocations");
        // What is there is of the experiment's ten looks a second, and of new bins and slices.
        assert!(operations > 2_000, "{what}: only {operations} operations");
        assert!(allocations * 5 < operations, "{what}: {allocations} allocations for {operations} operations");
    }
}

#[test]
fn an_hour_takes_no_more_than_a_minute() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut random = fastrand::Rng::with_seed(11);
    let before = BYTES.load(Ordering::Relaxed);
    let taken = || (BYTES.load(Ordering::Relaxed) - before) / 1024;
    let mut recorder = Recorder::default();
    let mut after_a_minute = 0;
    let gap = 2_000_000;
    for i in 0..3_600 * 500u64 {
        let due = i * gap;
        recorder.due(due, due + 5_000);
        // One in a thousand takes twenty seconds, and its record comes when its bin is long past.
        if let Some(long) = due.checked_sub(20_000_000_000)
            && i % 1_000 == 0
        {
            recorder.complete(long, long + 5_000, long + 6_000, due);
        }
        if i % 1_000 > 0 {
            // From 1 µs to a second, evenly over the powers of two.
            let latency = random.u64(1_000..2_000) << random.u32(0..20);
            recorder.complete(due, due + 5_000, due + 6_000, due + latency);
        }
        if i % 50 == 0 {
            recorder.look();
        }
        if i == 60 * 500 {
            after_a_minute = taken();
        }
    }
    let after_an_hour = taken();
    let snapshot = recorder.clone();
    let with_a_snapshot = taken();
    println!(
        "after a minute {after_a_minute} KB, after an hour {after_an_hour} KB, {with_a_snapshot} KB with a snapshot"
    );
    assert_eq!(snapshot.operations(), 3_600 * 500 - 10);
    // A slice takes 56 bytes and a bin 32, in two copies the former; vectors have up to twice the room they need.
    let growth = after_an_hour - after_a_minute;
    assert!(growth < 2 * 2 * 3_600 * (10 * 56 + 32) / 1024, "{growth} KB more");
    assert!(with_a_snapshot < 16 * 1024, "{with_a_snapshot} KB");
}

/// Sends that many datagrams through a proxy, a few at a time, and gives how many came back.
fn datagrams(client: &UdpSocket, count: u32) -> u32 {
    let (mut back, mut bytes) = (0, [0; 512]);
    for i in 0..count {
        bytes[0] = i as u8;
        client.send(&bytes).unwrap();
        // Four are under way at most.
        while i >= 4 && back < i - 4 && client.recv(&mut bytes).is_ok() {
            back += 1;
        }
    }
    while back < count && client.recv(&mut bytes).is_ok() {
        back += 1;
    }
    back
}

#[test]
fn nothing_is_allocated_for_a_datagram_and_faults_leave_nothing() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let service = UdpSocket::bind("127.0.0.1:0").unwrap();
    let upstream = service.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok((n, client)) = service.recv_from(&mut bytes) {
            let _ = service.send_to(&bytes[..n], client);
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let network = Network::default();
    let proxy: UdpProxy = runtime.block_on(network.udp_proxy(upstream)).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(proxy.addr()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();

    // The session, its socket, the buffers.
    assert_eq!(datagrams(&client, 1_000), 1_000);
    let (allocations, bytes) = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    assert_eq!(datagrams(&client, 50_000), 50_000);
    let (more, grown) =
        (ALLOCATIONS.load(Ordering::Relaxed) - allocations, BYTES.load(Ordering::Relaxed).saturating_sub(bytes));
    println!("100,000 datagrams each way together: {more} allocations, {grown} bytes more");
    assert!(more < 100, "{more} allocations");
    assert!(grown < 16 * 1024, "{grown} bytes more");

    let cx = InjectCx::new(7, true, None);
    runtime.block_on(async {
        let (mut late, mut twice) = (proxy.latency(millis(1)).both_ways(), proxy.duplication(percent(20)).upstream());
        late.inject(&cx).await.unwrap();
        twice.inject(&cx).await.unwrap();
        // More than are sent come back.
        assert_eq!(datagrams(&client, 5_000), 5_000);
        assert!(late.evidence().await.unwrap().is_seen() && twice.evidence().await.unwrap().is_seen());
        clear(&late.undo()).await.unwrap();
        clear(&twice.undo()).await.unwrap();
    });
    // What came twice and was not read is with the system, not here.
    let (ended, grown) = (Instant::now(), || BYTES.load(Ordering::Relaxed).saturating_sub(bytes));
    while grown() >= 64 * 1024 && ended.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let grown = grown();
    println!("after 5,000 late ones {grown} bytes more");
    assert!(grown < 64 * 1024, "{grown} bytes more");
}
