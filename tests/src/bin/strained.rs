//! A server whose every request needs something that a fault can take away: `/burn` CPU time, `/write` room on the
//! disk that `STRAINED_DISK` names, `/take` memory, `/time` the clock. One thread a connection, which ends when the
//! client closes it. What can't be had is answered by 503.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// CPU time of one `/burn`.
const BURN: Duration = Duration::from_millis(5);

/// Memory of one `/take`, while it is answered.
const TAKE: usize = 48 << 20;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has free ports");
    if std::env::args().any(|argument| argument == "--with-child") {
        // Never waited for: it is to outlive this process if nobody looks after it.
        #[allow(clippy::zombie_processes)]
        std::process::Command::new("sleep").arg("300").spawn().expect("`sleep` is everywhere");
    }
    loop {
        match listener.accept() {
            // Without memory for a thread the connection is closed.
            Ok((stream, _)) => drop(std::thread::Builder::new().spawn(move || answer(&stream))),
            // Without a descriptor it waits.
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Answers requests without a body until the connection ends.
fn answer(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut path = String::new();
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        if let Some(rest) = line.strip_prefix("GET ") {
            path = rest.split(' ').next().unwrap_or_default().to_owned();
        }
        if line.is_empty() {
            let (status, body) = match serve(&path) {
                Some(body) => ("200 OK", body),
                None => ("503 Service Unavailable", String::new()),
            };
            let mut stream = stream;
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn serve(path: &str) -> Option<String> {
    match path {
        "/burn" => burn(),
        "/write" => write().ok()?,
        "/take" => take()?,
        "/time" => return Some(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs().to_string()),
        _ => {}
    }
    Some("ok".to_owned())
}

/// So much time on a CPU, however long that takes.
fn burn() {
    let until = used() + BURN;
    while used() < until {}
}

#[cfg(unix)]
fn used() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// Nothing limits it there: time goes by as CPU time does.
#[cfg(not(unix))]
fn used() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn write() -> std::io::Result<()> {
    let disk = std::env::var("STRAINED_DISK").expect("`/write` needs STRAINED_DISK");
    let name = format!("{:?}", std::thread::current().id());
    let path = Path::new(&disk).join(name);
    let written = std::fs::write(&path, vec![1; 64 << 10]);
    std::fs::remove_file(&path).and(written)
}

fn take() -> Option<()> {
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(TAKE).ok()?;
    memory.resize(TAKE / 16, 1);
    std::hint::black_box(&memory);
    Some(())
}
