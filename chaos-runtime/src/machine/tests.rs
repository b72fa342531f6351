use super::*;
#[cfg(target_os = "linux")]
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn arrivals_are_waited_for_and_their_lateness_is_in_order() {
    let began = std::time::Instant::now();
    let late = lateness(20).unwrap();
    assert!(began.elapsed() >= Duration::from_millis(20), "{:?}", began.elapsed());
    assert_eq!(late.arrivals, 20);
    assert!(late.median_us <= late.p99_us && late.p99_us <= late.max_us, "{late:?}");
}

#[test]
fn connections_follow_from_the_limit() {
    let of = |hard| Descriptors { soft: Some(256), hard, wanted: 65_536 }.connections();
    assert_eq!(of(Some(65_536)), 9_996);
    assert_eq!(of(None), 9_996);
    assert_eq!(of(Some(4_096)), 621);
    assert_eq!(of(Some(10)), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_small_disk_is_mounted_for_a_moment_or_refused_and_nothing_stays() {
    let mounted = || -> BTreeSet<String> {
        let all = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        let disks = all.lines().filter(|line| line.contains(" - tmpfs chaos "));
        disks.filter_map(|line| line.split(' ').nth(4)).map(str::to_owned).collect()
    };
    let before = mounted();
    if let Err(error) = small_disk() {
        assert!(error.to_string().contains("CAP_SYS_ADMIN"), "{error}");
    }
    // Those of other tests, which run meanwhile, don't stay either.
    let new: BTreeSet<String> = mounted().difference(&before).cloned().collect();
    let began = std::time::Instant::now();
    while !mounted().is_disjoint(&new) {
        assert!(began.elapsed() < Duration::from_secs(60), "of {new:?} one stays");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn settings_are_those_of_the_package() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("Cargo.toml"), "[package]\nname = \"shop\"").unwrap();
    let none = Settings::of(dir.path(), "local").unwrap();
    assert!(none.path().is_none() && none.http().is_empty() && none.aws().is_none());
    let (_reserved, dead) = crate::proxy::testbed::nobody();
    let text = format!(
        "[profile.staging.http]\norders = \"http://{dead}\"\n[profile.staging.aurora.pay]\ncluster = \"pay-1\"\nuser = \"u\"\n[profile.staging.aws]\naccounts = [\"123456789012\"]\nregion = \"eu-west-1\"\ntag = \"a=b\"\n"
    );
    std::fs::write(dir.path().join("chaos.toml"), text).unwrap();
    let staging = Settings::of(dir.path(), "staging").unwrap();
    assert_eq!(staging.path(), Some(&*dir.path().join("chaos.toml")));
    assert_eq!(staging.http(), ["orders"]);
    assert_eq!(staging.clusters(), [("pay".to_owned(), "pay-1".to_owned())]);
    assert_eq!(staging.aws().unwrap().accounts, ["123456789012"]);
    let error = staging.reach("orders").unwrap_err().to_string();
    assert!(error.contains("nobody accepts connections") && error.contains("chaos.toml:2:"), "{error}");
    let unknown = Settings::of(dir.path(), "stagign").unwrap_err().to_string();
    assert!(unknown.contains("did you mean `staging`?"), "{unknown}");
}

#[test]
fn a_service_that_answers_says_what_and_when() {
    use std::io::{Read as _, Write as _};
    let dir = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        // The first connection is only made.
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                if stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {
                    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
                    let _ = write!(stream, "HTTP/1.1 404 Not Found\r\n{date}content-length: 0\r\n\r\n");
                }
            });
        }
    });
    std::fs::write(dir.path().join("Cargo.toml"), "[package]\nname = \"shop\"").unwrap();
    std::fs::write(dir.path().join("chaos.toml"), format!("[profile.local.http]\norders = \"http://{address}\"\n"))
        .unwrap();
    let settings = Settings::of(dir.path(), "local").unwrap();
    // It has 3 s for its answer, which a busy machine may well let pass.
    let mut all = (0..10).map(|_| settings.reach("orders").unwrap());
    let reached = all.find(|reached| reached.said.as_deref() != Some("no answer within 3 s")).unwrap();
    assert_eq!(reached.said.as_deref(), Some("404 Not Found"));
    assert!(reached.ahead_s.unwrap() < -1_000_000, "{reached:?}");
}
