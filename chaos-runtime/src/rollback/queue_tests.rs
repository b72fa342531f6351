//! The order of turns, and what deaths, cleaners and leftovers do to a queue: nothing.

use super::*;
use crate::sys::reexec;
use std::collections::HashSet;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(2);

fn enter(dir: &Path) -> Place {
    Place::take(dir.join("queue"), "test").unwrap()
}

fn alone(place: &mut Place) {
    place.wait("test", |wait| panic!("waits for {wait}")).unwrap();
}

fn tickets_in(dir: &Path) -> usize {
    tickets(&dir.join("queue")).unwrap().len()
}

fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "never came");
        std::thread::sleep(STEP);
    }
}

/// Its turn as witnesses independent of the queue see it: a mark that nobody else may replace while the turn
/// lasts, and a file that grows by a line for each turn. Returns how many turns there were before.
///
/// (A lock would be a bad witness: the locks of a killed process end one after the other.)
fn take_the_turn(dir: &Path, line: &str) -> usize {
    let (witness, mark) = (dir.join("witness"), dir.join("mark"));
    let own = format!("{} {:?} {}", std::process::id(), std::thread::current().id(), fastrand::u64(..));
    std::fs::write(&mark, &own).unwrap();
    let before = turns(dir).len();
    // In one write: a death between a line and its end would look like a turn that never was.
    let mut file = File::options().create(true).append(true).open(witness).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
    std::thread::sleep(Duration::from_micros(fastrand::u64(..300)));
    let found = std::fs::read_to_string(mark).unwrap();
    if found != own || turns(dir).len() != before + 1 {
        std::fs::write(dir.join("violated"), format!("{found} in the turn of {own}")).unwrap();
        panic!("two have the turn");
    }
    before
}

fn turns(dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join("witness")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Takes turns as fast as it can. At most `others` turns come between its getting a place and its turn.
fn compete(dir: &Path, turns_to_take: usize, others: usize) {
    for _ in 0..turns_to_take {
        let mut place = enter(dir);
        let then = turns(dir).len();
        place.wait("test", |_| {}).unwrap();
        let now = take_the_turn(dir, "turn");
        assert!(now - then <= others, "{} turns of {others} others came first", now - then);
    }
}

#[test]
#[ignore = "a helper process of the tests below"]
fn helper() {
    let dir = PathBuf::from(reexec::argument("CHAOS_QUEUE_DIR"));
    match reexec::argument("CHAOS_QUEUE_JOB").split_once(' ').unwrap() {
        ("once", _) => {
            let mut place = enter(&dir);
            place.wait("test", |_| {}).unwrap();
            take_the_turn(&dir, &place.number().to_string());
        }
        ("hold", _) => {
            let mut place = enter(&dir);
            place.wait("test", |_| {}).unwrap();
            std::fs::write(dir.join("held"), "").unwrap();
            std::thread::sleep(Duration::from_secs(600));
        }
        ("compete", others) => compete(&dir, 25, others.parse().unwrap()),
        ("endlessly", _) => compete(&dir, usize::MAX, usize::MAX),
        #[cfg(unix)]
        ("few-files", _) => few_files(&dir),
        job => panic!("{job:?}"),
    }
}

fn start(dir: &Path, job: &str) -> Child {
    reexec::helper("rollback::queue::tests::helper")
        .env("CHAOS_QUEUE_DIR", dir)
        .env("CHAOS_QUEUE_JOB", job)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn turns_come_in_the_order_of_the_tickets() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut first = enter(dir);
    alone(&mut first);
    let mut children: Vec<_> = (0..4).map(|_| start(dir, "once -")).collect();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut place = enter(dir);
                place.wait("test", |_| {}).unwrap();
                take_the_turn(dir, &place.number().to_string());
            });
        }
        until(|| tickets_in(dir) == 13);
        assert_eq!(turns(dir), [""; 0]);
        drop(first);
    });
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(turns(dir), (2..=13).map(|number: u64| number.to_string()).collect::<Vec<_>>());
    assert_eq!(tickets_in(dir), 0, "nothing is left");
}

#[test]
fn nobody_starves_where_all_come_back_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let children: Vec<_> = (0..4).map(|_| start(dir, "compete 7")).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| compete(dir, 25, 7));
        }
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(turns(dir).len(), 200);
}

#[test]
fn a_hundred_may_wait() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut first = enter(dir);
    alone(&mut first);
    let told = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                let mut place = enter(dir);
                let mut ahead = usize::MAX;
                let tell = |wait: &Wait| {
                    assert!(wait.ahead < ahead, "it only gets shorter");
                    ahead = wait.ahead;
                    told.fetch_add(1, Ordering::Relaxed);
                };
                place.wait("test", tell).unwrap();
                take_the_turn(dir, &place.number().to_string());
            });
        }
        until(|| told.load(Ordering::Relaxed) >= 100);
        drop(first);
    });
    assert_eq!(turns(dir), (2..=101).map(|number: u64| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn who_waits_is_told_who_has_the_turn_and_of_every_change() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("queue");
    let mut first = Place::take(path.clone(), "first").unwrap();
    alone(&mut first);
    let (second, third) = (Place::take(path.clone(), "second").unwrap(), Place::take(path.clone(), "third").unwrap());
    let mut last = Place::take(path, "last").unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let waiter = std::thread::spawn(move || last.wait("last", |wait| tell.send(wait.to_string()).unwrap()));
    let me = std::process::id();
    assert_eq!(told.recv().unwrap(), format!("first (process {me}), 2 more ahead"));
    drop(second);
    drop(first);
    assert_eq!(told.recv().unwrap(), format!("third (process {me})"), "the second one did not wait for its turn");
    drop(third);
    waiter.join().unwrap().unwrap();
    assert!(told.recv().is_err());
}

#[test]
fn the_dead_are_out_of_the_queue_wherever_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let holder = start(dir, "hold -");
    until(|| dir.join("held").exists());
    let waiter = start(dir, "hold -");
    until(|| tickets_in(dir) == 2);
    let mut place = enter(dir);
    let (tell, told) = std::sync::mpsc::channel();
    let (holder_pid, waiter_pid) = (holder.id(), waiter.id());
    let thread = std::thread::spawn(move || {
        place.wait("test", |wait| tell.send(wait.to_string()).unwrap()).unwrap();
        place
    });
    assert_eq!(told.recv().unwrap(), format!("test (process {holder_pid}), 1 more ahead"));
    end(holder);
    assert_eq!(told.recv().unwrap(), format!("test (process {waiter_pid})"));
    end(waiter);
    drop(thread.join().unwrap());
    alone(&mut enter(dir));
    assert_eq!(tickets_in(dir), 0, "whoever comes next sweeps up");
}

#[test]
fn deaths_at_any_moment_neither_block_nor_let_two_in() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut children: Vec<_> = (0..4).map(|_| start(dir, "endlessly -")).collect();
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..60 {
        let before = turns(dir).len();
        // Otherwise most would die before they have begun.
        until(|| turns(dir).len() > before);
        std::thread::sleep(Duration::from_micros(random.u64(..5_000)));
        let victim = random.usize(..children.len());
        end(std::mem::replace(&mut children[victim], start(dir, "endlessly -")));
        assert!(!dir.join("violated").exists(), "two had the turn");
    }
    children.into_iter().for_each(end);
    alone(&mut enter(dir));
    assert!(tickets_in(dir) == 0 && !dir.join("violated").exists());
}

#[test]
fn leftovers_are_in_nobodys_way() {
    let dir = tempfile::tempdir().unwrap();
    let queue = dir.path().join("queue");
    std::fs::create_dir_all(queue.join("00000007")).unwrap();
    for name in ["00000001", "00000003", "18446744073709551615", "99999999999999999999999", "README", "mutex"] {
        std::fs::write(queue.join(name), "\0\0\0").unwrap();
    }
    let mut first = enter(dir.path());
    alone(&mut first);
    let mut second = enter(dir.path());
    drop(first);
    alone(&mut second);
    drop(second);
    let left: HashSet<_> = std::fs::read_dir(queue).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["00000007", "99999999999999999999999", "README", "mutex"].map(Into::into).into());
}

#[test]
fn who_waits_gets_its_turn_though_a_cleaner_empties_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut first = enter(dir);
    alone(&mut first);
    let (waiting, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut place = enter(dir);
                let tell = |_: &Wait| {
                    waiting.fetch_add(1, Ordering::Relaxed);
                };
                place.wait("test", tell).unwrap();
                assert!(done.load(Ordering::Relaxed), "in front of who had the turn");
                take_the_turn(dir, "turn");
            });
        }
        until(|| waiting.load(Ordering::Relaxed) == 4);
        std::fs::remove_dir_all(dir.join("queue")).unwrap();
        std::thread::sleep(STEP * 10);
        done.store(true, Ordering::Relaxed);
        drop(first);
    });
    assert_eq!(turns(dir).len(), 4);
    assert_eq!(tickets_in(dir), 0);
}

#[test]
fn a_cleaner_at_work_all_the_time_stops_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let cleaner = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = std::fs::remove_dir_all(dir.join("queue"));
                std::thread::sleep(STEP);
            }
        });
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..50 {
                        enter(dir).wait("test", |_| {}).unwrap();
                    }
                })
            })
            .collect();
        let ended: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        done.store(true, Ordering::Relaxed);
        cleaner.join().unwrap();
        assert!(ended.iter().all(Result::is_ok));
    });
}

/// In a process of its own: the limit is one of the whole process.
#[cfg(unix)]
fn few_files(dir: &Path) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let mut held = enter(dir);
    alone(&mut held);
    setrlimit(Resource::Nofile, Rlimit { current: Some(16), maximum: Some(16) }).unwrap();
    let mut others: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let most = others.len();
    assert!((2..16).contains(&most), "{most} files opened");
    for free in [0, 1] {
        others.truncate(most - free);
        let error = Place::take(dir.join("queue"), "test").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()), "{error}");
    }
    // A failed attempt leaves neither a ticket nor an open file: two are enough again, also to find that out.
    others.truncate(most - 2);
    assert_eq!(tickets_in(dir), 1);
    drop(held);
    alone(&mut enter(dir));
}

#[cfg(unix)]
#[test]
fn too_few_file_descriptors_are_an_error_and_leak_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert!(start(dir.path(), "few-files -").wait().unwrap().success());
}
