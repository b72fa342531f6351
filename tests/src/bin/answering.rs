//! A server that answers every HTTP request with 200, one thread a connection.
//!
//! `--with-child` starts a process of its own first, which nothing but the mark in its environment ties to the test.
//! `--print-port` prints the port as its only line.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

fn main() {
    if std::env::args().any(|argument| argument == "--with-child") {
        // Never waited for: it is to outlive this process if nobody looks after it.
        #[allow(clippy::zombie_processes)]
        Command::new("sleep").arg("300").spawn().expect("`sleep` is everywhere");
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has free ports");
    if std::env::args().any(|argument| argument == "--print-port") {
        println!("{}", listener.local_addr().expect("it is bound").port());
    }
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || answer(&stream));
    }
}

/// Answers requests without a body until the connection ends.
fn answer(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        if line.is_empty() {
            let mut stream = stream;
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    }
}
