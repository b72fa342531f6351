use std::io::Error as IoError;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Visits are counted in Redis. Those that it refuses are kept in memory for later.
#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(during(success_rate >= 99%), recovery <= 5s),
    warm_up = 500ms,
    baseline = 1s,
    after = 1s,
)]
async fn visits_are_counted_while_redis_is_full(chaos: &mut Chaos) -> chaos::Result {
    let (redis, port) = start_redis(chaos).await?;
    let (addr, later) = (redis.addr(), Arc::new(AtomicU64::new(0)));
    let visit = op(async move |_| {
        let answer = count_visit(addr).await?;
        if answer.starts_with("-OOM") {
            later.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        if answer.starts_with(':') { Ok(()) } else { Err(IoError::other(answer)) }
    });
    chaos.load(visit.rate(per_second(50))).await?;
    let full = FullRedis { port, limit_before: String::new(), refused_before: 0 };
    chaos.inject(full).hold(secs(2)).await
}

/// A Redis of this test's own, which ends with it.
async fn start_redis(chaos: &Chaos) -> chaos::Result<(Process, u16)> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = free.map_err(|error| chaos::Error::new("there is no free port").caused_by(error))?.port();
    let mut server = Command::new("redis-server");
    server.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
    Ok((chaos.process(server).await?, port))
}

/// One visit, on a connection of its own: `:42` is the new count, `-…` an error.
async fn count_visit(addr: SocketAddr) -> std::io::Result<String> {
    let mut connection = BufReader::new(TcpStream::connect(addr).await?);
    connection.write_all(b"INCR visits\r\n").await?;
    let mut answer = String::new();
    connection.read_line(&mut answer).await?;
    Ok(answer)
}
