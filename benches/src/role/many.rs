//! Many connections at once.

use super::roundtrip::{exchange, request};
use super::{Outcome, Stopwatch, text};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Tasks that share the connections out among themselves.
const TASKS: usize = 64;
/// A proxy that has served no more after this time serves no more.
const OPENING: Duration = Duration::from_secs(60);

/// Opens them, asks once on each, says `held`, waits for a line, and then asks on all of them in turn for a while.
pub(super) async fn run(address: &str, connections: usize, time: Duration) -> Outcome {
    let (begun, open) = (Rc::<Cell<usize>>::default(), Rc::<RefCell<Vec<TcpStream>>>::default());
    let opening = each(|_| {
        let (begun, open, address) = (begun.clone(), open.clone(), address.to_owned());
        async move {
            let request = request(&address);
            while begun.replace(begun.get() + 1) < connections {
                let mut stream = TcpStream::connect(&address).await.map_err(text)?;
                stream.set_nodelay(true).map_err(text)?;
                exchange(&mut stream, &request).await?;
                open.borrow_mut().push(stream);
            }
            Ok(())
        }
    });
    let opened = tokio::time::timeout(OPENING, opening).await;
    opened.map_err(|_| format!("only {} of {connections} were served", open.borrow().len()))??;
    println!("held");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(text)?;

    let (watch, done) = (Stopwatch::start(), Rc::<Cell<u64>>::default());
    let shares: Vec<_> = (0..TASKS).map(|_| Cell::new(Vec::new())).collect();
    for (index, stream) in open.take().into_iter().enumerate() {
        let share = &shares[index % TASKS];
        let mut streams = share.take();
        streams.push(stream);
        share.set(streams);
    }
    let started = std::time::Instant::now();
    each(|task| {
        let (mut streams, done, request) = (shares[task].take(), done.clone(), request(address));
        async move {
            // Every connection at least once, however long that takes.
            loop {
                for stream in &mut streams {
                    exchange(stream, &request).await?;
                    done.set(done.get() + 1);
                }
                if started.elapsed() >= time || streams.is_empty() {
                    return Ok(());
                }
            }
        }
    })
    .await?;
    Ok(watch.reading(done.get()).with("connections", connections as f64))
}

async fn each<F: Future<Output = Result<(), String>> + 'static>(task: impl Fn(usize) -> F) -> Result<(), String> {
    let tasks: Vec<_> = (0..TASKS).map(|index| tokio::task::spawn_local(task(index))).collect();
    for task in tasks {
        task.await.map_err(text)??;
    }
    Ok(())
}
